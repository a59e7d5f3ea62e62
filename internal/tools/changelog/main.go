// SPDX-License-Identifier: Apache-2.0

// Command changelog writes what the repository knows of the names of otelcol-contrib's components
// and of the changes that older modules lack, from the changelog that a later release of contrib
// ships. Its one argument is the root of the repository.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	// source is the module with the changelog; later releases of it are not served.
	source        = "github.com/open-telemetry/opentelemetry-collector-contrib"
	sourceVersion = "v0.160.0"
	// line is the release that the distribution takes the place of.
	line = "0.152.0"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: changelog ROOT")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(root string) error {
	dir, err := download(source + "@" + sourceVersion)
	if err != nil {
		return err
	}
	lists, err := derive(root, dir)
	if err != nil {
		return err
	}
	for _, list := range lists {
		path := filepath.Join(root, filepath.FromSlash(list.path))
		if err := list.write(path); err != nil {
			return fmt.Errorf("write %s: %w", list.path, err)
		}
	}
	return nil
}

// download returns the folder of a module, which the module proxy serves.
func download(module string) (dir string, err error) {
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = os.TempDir() // Outside any module, so that no go.sum changes.
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &answer); jsonErr == nil && answer.Error != "" {
		return "", fmt.Errorf("download %s: %s", module, answer.Error)
	}
	if err != nil {
		return "", fmt.Errorf("download %s: %w", module, err)
	}
	return answer.Dir, nil
}
