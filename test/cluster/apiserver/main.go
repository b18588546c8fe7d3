// Package main is a Kubernetes control plane small enough for tests: etcd, the API server, and the controllers that delete what is owned.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: control-plane etcd | apiserver | controllers [options]")
		os.Exit(2)
	}
	name, arguments := os.Args[1], os.Args[1:]
	switch name {
	case "etcd":
		etcdmain.Main(arguments)
	case "apiserver":
		os.Args = arguments
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "controllers":
		os.Exit(runControllers(arguments[1:]))
	default:
		fmt.Fprintf(os.Stderr, "unknown program %q: expected etcd, apiserver or controllers\n", name)
		os.Exit(2)
	}
}
