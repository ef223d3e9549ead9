package main

import (
	"fmt"
	"net"
)

func main() {
	port, err := net.LookupPort("tcp", "80")
	fmt.Println("go:", port, err)
}
