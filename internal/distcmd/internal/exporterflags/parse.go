// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is what a flag has, from the command line, the environment or its default.
type value struct {
	text string
	from string // the flag or variable that has it, the flag where it is the default
}

func (v value) isTrue() bool {
	b, err := strconv.ParseBool(v.text)
	return err == nil && b
}

func (v value) list() []string {
	var items []string
	for item := range strings.SplitSeq(v.text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// ErrHelp is returned for -h and --help.
var ErrHelp = flag.ErrHelp

// parse reads a command line as dcgm-exporter does: one dash or two, and the environment for what it does not have.
func parse(args []string, env func(string) (string, bool)) (map[string]value, error) {
	set := flag.NewFlagSet("dcgm-exporter", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	p := &parser{given: map[string]value{}}
	for _, f := range Flags {
		for _, name := range []string{f.Name, f.Short} {
			if name != "" {
				set.Var(&argument{f, p}, name, "")
			}
		}
	}
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, ErrHelp
	case err != nil:
		p.errs = append(p.errs, wrongFlag(err, args[:len(args)-set.NArg()]))
	case set.NArg() > 0:
		p.errs = append(p.errs, fmt.Errorf("%q: is no flag of dcgm-exporter", set.Arg(0)))
	}
	for _, f := range Flags {
		p.takeEnv(&f, env)
	}
	return p.given, errors.Join(p.errs...)
}

// wrongFlag names a flag as the user wrote it: it is the last argument that was read.
func wrongFlag(err error, read []string) error {
	const notOne = "is no flag of dcgm-exporter"
	text, rule := err.Error(), notOne
	if written, isOdd := strings.CutPrefix(text, "bad flag syntax: "); isOdd {
		return fmt.Errorf("%q: %s", written, notOne)
	}
	if strings.HasPrefix(text, "flag needs an argument") {
		rule = "must have a value"
	}
	name, _, _ := strings.Cut(read[len(read)-1], "=")
	return fmt.Errorf("%q: %s", name, rule)
}

// parser collects what the flags have.
type parser struct {
	given map[string]value
	errs  []error
}

// take takes a value, or says what is wrong with it.
func (p *parser) take(f *Flag, v value) {
	if err := f.check(v.text); err != nil {
		p.errs = append(p.errs, fmt.Errorf("%q: %w", v.from, err))
		v.text = f.Default // So that its translation has nothing to say.
	}
	p.given[f.Name] = v
}

func (p *parser) takeEnv(f *Flag, env func(string) (string, bool)) {
	if _, isGiven := p.given[f.Name]; isGiven {
		return
	}
	if f.Env != "" {
		if set, _ := env(f.Env); set != "" {
			p.take(f, value{set, f.Env})
			return
		}
	}
	p.given[f.Name] = value{f.Default, "--" + f.Name}
}

func (f *Flag) check(text string) error {
	var err error
	switch f.kind {
	case number:
		_, err = wholeNumber(text)
	case toggle:
		_, err = strconv.ParseBool(text)
	case duration:
		err = checkDuration(text)
	case choice:
		if !slices.Contains(f.choices, text) {
			return fmt.Errorf("must be %s, got %q", orOf(f.choices), text)
		}
	}
	if err != nil {
		return fmt.Errorf("must be %s, got %q", wanted[f.kind], text)
	}
	return nil
}

var wanted = map[kind]string{number: "a whole number", toggle: "true or false", duration: "a duration of at least 0s, such as 10s"}

// wholeNumber reads decimal, hexadecimal and octal numbers, as dcgm-exporter does.
func wholeNumber(text string) (int64, error) { return strconv.ParseInt(text, 0, 64) } //nolint:wrapcheck // The caller says what is wrong.

func checkDuration(text string) error {
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("is negative")
	}
	return err
}

// orOf lists choices: a, b or c.
func orOf(choices []string) string {
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

// isDefault reports whether a value says what the flag does without it.
func (f *Flag) isDefault(v value) bool {
	if f.kind == toggle {
		return v.isTrue() == (f.Default == "true")
	}
	return v.text == f.Default || v.text == ""
}

// argument takes a flag from the command line.
type argument struct {
	flag   Flag
	parser *parser
}

func (a *argument) String() string { return "" }

// IsBoolFlag reports whether the flag may stand without a value.
func (a *argument) IsBoolFlag() bool { return a.flag.kind == toggle }

// Set keeps what is wrong for later, so that all of it is reported.
func (a *argument) Set(text string) error {
	if before, repeated := a.parser.given[a.flag.Name]; repeated && a.flag.kind == list {
		text = before.text + "," + text
	}
	a.parser.take(&a.flag, value{text, "--" + a.flag.Name})
	return nil
}
