// SPDX-License-Identifier: Apache-2.0

package exporterflags

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// value is what a flag has, from the command line, the environment or its default.
type value struct {
	text  string
	given bool // not the default's
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
	given := map[string]value{}
	for _, f := range Flags {
		v := &argument{flag: f, given: given}
		set.Var(v, f.Name, "")
		if f.Short != "" {
			set.Var(v, f.Short, "")
		}
	}
	if err := set.Parse(args); err != nil {
		return nil, unknown(err)
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("%q: is no flag of dcgm-exporter", set.Arg(0))
	}
	for _, f := range Flags {
		if err := f.fromEnv(given, env); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// unknown names a flag as the user would write it.
func unknown(err error) error {
	name, isUnknown := strings.CutPrefix(err.Error(), "flag provided but not defined: ")
	if !isUnknown || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return fmt.Errorf("%q: is no flag of dcgm-exporter", name)
}

func (f Flag) fromEnv(given map[string]value, env func(string) (string, bool)) error {
	if _, isGiven := given[f.Name]; isGiven {
		return nil
	}
	given[f.Name] = value{text: f.Default}
	if f.Env == "" {
		return nil
	}
	set, _ := env(f.Env)
	if set == "" {
		return nil
	}
	if err := f.check(set); err != nil {
		return fmt.Errorf("%q: %w", f.Env, err)
	}
	given[f.Name] = value{set, true}
	return nil
}

func (f Flag) check(text string) error {
	var err error
	switch f.kind {
	case number:
		_, err = strconv.Atoi(text)
	case toggle:
		_, err = strconv.ParseBool(text)
	}
	if err != nil {
		return fmt.Errorf("must be %s, got %q", map[kind]string{number: "a number", toggle: "true or false"}[f.kind], text)
	}
	return nil
}

// argument takes a flag from the command line.
type argument struct {
	flag  Flag
	given map[string]value
}

func (a *argument) String() string { return "" }

// IsBoolFlag reports whether the flag may stand without a value.
func (a *argument) IsBoolFlag() bool { return a.flag.kind == toggle }

func (a *argument) Set(text string) error {
	if err := a.flag.check(text); err != nil {
		return err
	}
	if before, repeated := a.given[a.flag.Name]; repeated && a.flag.kind == list {
		text = before.text + "," + text
	}
	a.given[a.flag.Name] = value{text, true}
	return nil
}
