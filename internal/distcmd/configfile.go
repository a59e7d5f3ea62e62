// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// unreadable is what upstream's errors say when a configuration can't be read. After any other
// error the files are not looked at: they may have changed since they were read.
var unreadable = regexp.MustCompile(`failed to get config|empty configuration file`)

var errEmpty = errors.New("must not be empty")

// blameConfigFile makes cmd say which of its configuration files can't be read, is empty or
// is not YAML. Upstream's errors leave the file's name out once it has been opened.
func blameConfigFile(cmd *cobra.Command) {
	if cmd.Flags().Lookup("config") == nil || cmd.RunE == nil {
		return
	}
	uris := record(cmd, "config")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err == nil || !unreadable.MatchString(err.Error()) {
			return err
		}
		if fault := faultOf(uris.set); fault != nil {
			return fault
		}
		return err
	}
}

// faultOf returns what is wrong with the files among the configuration URIs, or nil. An
// empty file is at fault only where no other source has anything to say.
func faultOf(uris []string) error {
	var faults, empty []error
	for _, uri := range uris {
		err := checkFile(uri)
		if err == nil {
			continue
		}
		named := fmt.Errorf(`"--config %s": %w`, uri, err)
		if errors.Is(err, errEmpty) {
			empty = append(empty, named)
		} else {
			faults = append(faults, named)
		}
	}
	if len(empty) == len(uris) {
		return errors.Join(empty...)
	}
	return errors.Join(faults...)
}

// hasScheme is how confmap distinguishes a URI from a path: Windows' drive letters are no schemes.
var hasScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+:`)

// checkFile returns why the file behind uri can't be a configuration. Other schemes than
// file are never at fault: asking a server again may get another answer, and so may a pipe.
func checkFile(uri string) error {
	path, isFile := strings.CutPrefix(uri, "file:")
	if !isFile && hasScheme.MatchString(uri) {
		return nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var value any
	if err := yaml.Unmarshal(content, &value); err != nil {
		return fmt.Errorf("must be YAML: %w", err)
	}
	switch value.(type) {
	case nil:
		return errEmpty
	case map[string]any:
		return nil
	default:
		return errors.New("must be a YAML mapping of receivers, exporters, service and so on")
	}
}
