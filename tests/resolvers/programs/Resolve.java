import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Hashtable;
import java.util.Locale;
import java.util.TreeSet;
import javax.naming.NameNotFoundException;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

/** Asks InetAddress and, for SRV, the DNS provider of JNDI. Arguments and output are those of resolve.c. */
class Resolve {
    public static void main(String[] lookups) {
        for (String each : lookups) {
            String[] parts = each.split("=", 2);
            System.out.println(each + " " + (parts[0].equals("SRV") ? services(parts[1]) : addresses(parts[1])));
        }
    }

    static String addresses(String name) {
        TreeSet<String> found = new TreeSet<>();
        try {
            for (InetAddress each : InetAddress.getAllByName(name)) {
                found.add(each.getHostAddress());
            }
        } catch (UnknownHostException e) {
            String why = e.getMessage();
            return why.contains("Temporary failure") ? "failing" : why.contains("No address") ? "empty" : "missing";
        }
        return String.join(",", found);
    }

    static String services(String name) {
        Hashtable<String, String> settings = new Hashtable<>();
        settings.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
        settings.put("java.naming.provider.url", "dns:");
        TreeSet<String> found = new TreeSet<>();
        try {
            Attribute records = new InitialDirContext(settings).getAttributes(name, new String[] {"SRV"}).get("SRV");
            for (int i = 0; records != null && i < records.size(); i++) {
                String[] fields = records.get(i).toString().split(" ");
                found.add(fields[2] + ":" + fields[3].replaceAll("\\.$", ""));
            }
        } catch (NameNotFoundException e) {
            return "missing";
        } catch (NamingException e) {
            return "failing";
        }
        return found.isEmpty() ? "empty" : String.join(",", found);
    }
}
