// SPDX-License-Identifier: Apache-2.0

// Command demo runs two simulated GPU nodes, Prometheus and Alertmanager on this machine, breaks one thing after the
// other, and says where to look. Nothing that it started is left when it ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Children are started by this thread, which lives as long as the process: the kernel kills them with it.
func init() { runtime.LockOSThread() }

// settings is what the command line says.
type settings struct {
	root, addresses string
	port            int
	speed           float64
	once, check     bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.root, "root", ".", "root of the repository")
	flags.StringVar(&s.addresses, "addresses", "", "file for the addresses of what runs, as JSON")
	flags.IntVar(&s.port, "port", 0, "first of eight ports in a row, 0 for free ones")
	flags.Float64Var(&s.speed, "speed", 1, "how much faster the tour goes")
	flags.BoolVar(&s.once, "once", false, "end with the tour instead of waiting for Ctrl-C")
	flags.BoolVar(&s.check, "check", false, "look for the tools that the demo does not build, and end")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	switch {
	case flags.NArg() > 0:
		return s, fmt.Errorf("read arguments: %q is none", flags.Arg(0))
	case !(s.speed > 0 && s.speed <= 1000):
		return s, fmt.Errorf("read arguments: -speed %v: above 0, and at most 1000", s.speed)
	case s.port != 0 && (s.port < 1024 || s.port > 65535-portsNeeded):
		return s, fmt.Errorf("read arguments: -port %d: 0, or from 1024 to %d", s.port, 65535-portsNeeded)
	}
	return s, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if s.check {
		_, err := findTools(s.root, os.Getenv, "Prometheus", "Alertmanager")
		return err
	}
	tools, err := findTools(s.root, os.Getenv, "agent", "libdcgm", "Prometheus", "Alertmanager")
	if err != nil {
		return err
	}
	out := &console{out: stdout}
	stack, err := start(ctx, s, tools, out)
	defer func() { err = errors.Join(err, stack.stop()) }()
	if err == nil {
		err = walk(ctx, s, stack, out)
	}
	if err == nil && !s.once {
		out.say("\nThe tour is over and everything goes on running. Stop: Ctrl-C")
		err = stack.wait(ctx)
	}
	if ctx.Err() != nil { // Ctrl-C is how a demo ends.
		out.say("\nstopping")
		return nil
	}
	return err
}
