package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
)

func main() {
	info, err := buildinfo.ReadFile(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(info.GoVersion)
}
