// SPDX-License-Identifier: Apache-2.0

// Command bench runs the benchmarks that benchmarks.yaml lists, and says whether they have become worse. Its first argument is what to do,
// its second the root of the repository; module folders after them select the benchmarks of these modules.
//
//   - run measures all benchmarks into results/ and writes the tables of docs/performance.md.
//   - docs writes those tables from results/.
//   - baseline measures the benchmarks with a gate into baselines/.
//   - check measures the same and compares them with baselines/, as benchstat does. It ends with exit code 1 when one has become worse.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // Stopped above.
	}
}

// project is where a run reads and writes.
type project struct {
	root       string
	list       list
	rounds     int
	threshold  float64 // percent
	measured   string  // a folder of measurements to compare, instead of new ones
	out        io.Writer
	everything bool // no module was selected
}

func run(ctx context.Context, args []string, out io.Writer) error {
	p := project{out: out}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&p.rounds, "rounds", 8, "how often baseline and check measure each benchmark")
	flags.Float64Var(&p.threshold, "threshold", 10, "percentage by which check lets a benchmark become worse")
	flags.StringVar(&p.measured, "measured", "", "folder of measurements that check compares, instead of measuring")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() < 2 {
		return errors.New("usage: bench [flags] run|docs|baseline|check ROOT [module folder...]")
	}
	var err error
	if p.root, err = filepath.Abs(flags.Arg(1)); err != nil {
		return err
	}
	all, err := readList(p.path("benchmarks.yaml"))
	if err != nil {
		return err
	}
	p.list, p.everything = all.of(flags.Args()[2:]), flags.NArg() == 2
	if len(p.list) == 0 {
		return fmt.Errorf("benchmarks.yaml has no benchmark of %q", flags.Args()[2:])
	}
	return p.do(ctx, flags.Arg(0), all)
}

func (p *project) do(ctx context.Context, command string, all list) error {
	switch command {
	case "run":
		if err := p.measureInto(ctx, p.list, p.path("results"), func(b *benchmark) int { return b.Rounds }); err != nil {
			return err
		}
		return p.writeDocs(all)
	case "docs":
		return p.writeDocs(all)
	case "baseline":
		return p.measureInto(ctx, p.list.gated(), p.path("baselines"), func(*benchmark) int { return p.rounds })
	case "check":
		return p.check(ctx)
	default:
		return fmt.Errorf("unknown command %q", command)
	}
}

// path is a file or folder beside this source.
func (p *project) path(name string) string {
	return filepath.Join(p.root, "internal/tools/bench", name)
}
