// SPDX-License-Identifier: Apache-2.0

// Configschema writes a JSON schema of the configuration of the components of this repository, for editors, and the tables of keys in their
// READMEs. Keys, types and defaults are those of the Go structures; meanings, rules and examples are those of the keys.yaml next to them.
// Components of others are not described, and may have any key.
//
//	go -C internal/tools/configschema run . ../../..
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// file is relative to the root of the repository.
const file = "docs/config.schema.json"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "configschema:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: configschema <root of the repository>")
	}
	content, err := render(args[0])
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(args[0], file), content, 0o600); err != nil {
		return err
	}
	return writeTables(args[0])
}

// writeTables writes the keys of every component into its README.
func writeTables(root string) error {
	var errs []error
	for _, section := range sections {
		for _, factory := range section.factories {
			_, rows, err := describe(root, section.name, factory)
			if err == nil {
				err = writeTable(filepath.Join(root, folderOf(section.name, factory), "README.md"), table(rows))
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

var block = regexp.MustCompile(`(?s)(<!-- generated keys -->\n).*?(<!-- end generated keys -->\n)`)

func writeTable(path, text string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	found := block.FindSubmatchIndex(content)
	if found == nil {
		return fmt.Errorf("%s: must have a line <!-- generated keys --> and a line <!-- end generated keys -->", path)
	}
	return os.WriteFile(path, slices.Concat(content[:found[3]], []byte(text), content[found[4]:]), 0o600)
}

func render(root string) ([]byte, error) {
	document, err := document(root)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err = encoder.Encode(document)
	return content.Bytes(), err
}
