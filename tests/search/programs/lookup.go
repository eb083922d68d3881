// Asks Go's own resolver for all addresses of a name, and prints what went wrong.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
)

func main() {
	_, err := net.LookupHost(os.Args[1])
	var failure *net.DNSError
	if errors.As(err, &failure) {
		fmt.Println(failure.Err)
	} else {
		fmt.Println("found")
	}
}
