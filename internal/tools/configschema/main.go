// SPDX-License-Identifier: Apache-2.0

// Configschema writes a JSON schema of the configuration of the components of this repository, for editors. Keys, types and defaults are those
// of the Go structures, and descriptions are the comments of their fields. Components of others are not described, and may have any key.
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
	return os.WriteFile(filepath.Join(args[0], file), content, 0o600)
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
