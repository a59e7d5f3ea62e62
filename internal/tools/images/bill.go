// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// debian is the release that base takes packages of, as package URLs have it.
const debian = "debian-12"

// component is what an image's bill of materials says of a Debian package, or of the image.
type component struct {
	Ref     string `json:"bom-ref"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
}

// debianComponent takes what it says from the control file of a package.
func debianComponent(control []byte) component {
	fields := map[string]string{}
	for line := range strings.Lines(string(control)) {
		key, value, _ := strings.Cut(line, ": ")
		fields[key] = strings.TrimSpace(value)
	}
	name, version := fields["Package"], fields["Version"]
	purl := fmt.Sprintf("pkg:deb/debian/%s@%s?arch=%s&distro=%s", url.QueryEscape(name), url.QueryEscape(version), fields["Architecture"], debian)
	return component{Ref: purl, Type: "library", Name: name, Version: version, PURL: purl}
}

// writeBill makes the bill of materials of an image of that of its binary: the image has the
// binary, and files of Debian packages.
func writeBill(to, binaryBill string, image component, packages []component) error {
	content, err := os.ReadFile(binaryBill)
	if err != nil {
		return fmt.Errorf("%w; make sbom writes it", err)
	}
	var bill map[string]any
	if err := json.Unmarshal(content, &bill); err != nil {
		return fmt.Errorf("read %s: %w", binaryBill, err)
	}
	metadata, _ := bill["metadata"].(map[string]any)
	binary, ok := metadata["component"].(map[string]any)
	if !ok {
		return fmt.Errorf("read %s: it names no component", binaryBill)
	}
	components, _ := bill["components"].([]any)
	dependencies, _ := bill["dependencies"].([]any)
	metadata["component"] = image
	components = append(components, binary)
	uses := []any{binary["bom-ref"]}
	for _, pkg := range packages {
		components = append(components, pkg)
		uses = append(uses, pkg.Ref)
	}
	bill["components"] = components
	bill["dependencies"] = append(dependencies, map[string]any{"ref": image.Ref, "dependsOn": uses})
	return writeFile(to, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(bill)
	})
}
