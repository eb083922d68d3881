// Asks Go's own resolver. Arguments and output are those of resolve.c.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sort"
	"strings"
)

var resolver = &net.Resolver{PreferGo: true}

func main() {
	for _, each := range os.Args[1:] {
		kind, name, _ := strings.Cut(each, "=")
		found, err := ask(kind, name)
		if err != nil {
			fmt.Println(each, failure(err))
			continue
		}
		for i := range found {
			found[i] = strings.TrimSuffix(found[i], ".")
		}
		sort.Strings(found)
		fmt.Println(each, strings.Join(found, ","))
	}
}

func ask(kind, name string) (found []string, err error) {
	ctx := context.Background()
	switch kind {
	case "ADDR":
		addresses, err := resolver.LookupIPAddr(ctx, name)
		for _, each := range addresses {
			found = append(found, each.String())
		}
		return found, err
	case "SRV":
		_, services, err := resolver.LookupSRV(ctx, "", "", name)
		for _, each := range services {
			found = append(found, fmt.Sprintf("%d:%s", each.Port, each.Target))
		}
		return found, err
	case "MX":
		mails, err := resolver.LookupMX(ctx, name)
		for _, each := range mails {
			found = append(found, fmt.Sprintf("%d:%s", each.Pref, each.Host))
		}
		return found, err
	case "TXT":
		return resolver.LookupTXT(ctx, name)
	default:
		canonical, err := resolver.LookupCNAME(ctx, name)
		return []string{canonical}, err
	}
}

func failure(err error) string {
	var dns *net.DNSError
	switch {
	case !errors.As(err, &dns):
		return err.Error()
	case dns.IsNotFound:
		return "missing"
	case dns.IsTimeout:
		return "timeout"
	case dns.IsTemporary:
		return "failing"
	}
	return err.Error()
}
