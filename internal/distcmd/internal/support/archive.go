// SPDX-License-Identifier: Apache-2.0

package support

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Write writes a bundle as tar.gz. All of its files are in one directory, and manifest.json,
// which lists the others, is the first.
func Write(w io.Writer, directory string, manifest Manifest) error {
	compressed := gzip.NewWriter(w)
	archive := tar.NewWriter(compressed)
	listing, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	err = add(archive, directory+"/manifest.json", append(listing, '\n'), manifest.Created)
	for _, entry := range manifest.Entries {
		if err == nil && len(entry.content) > 0 {
			err = add(archive, directory+"/"+entry.Name, entry.content, manifest.Created)
		}
	}
	return errors.Join(err, archive.Close(), compressed.Close())
}

func add(archive *tar.Writer, name string, content []byte, modified time.Time) error {
	header := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: modified, Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := archive.Write(content); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// WriteFile writes a bundle to a file that must not exist yet, readable by its owner alone.
// Nothing is left behind if that fails.
func WriteFile(path, directory string, manifest Manifest) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	return errors.Join(Write(file, directory, manifest), file.Close())
}
