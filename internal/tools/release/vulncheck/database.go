// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// openDatabase returns the URL of a database, and what removes what was unpacked for it. A database
// that is not there is an error now, not after a distribution was loaded.
func openDatabase(place string) (url string, cleanUp func(), err error) {
	keep := func() {}
	switch {
	case strings.HasPrefix(place, "file://"):
		_, err = os.Stat(filepath.Join(strings.TrimPrefix(place, "file://"), "index", "db.json"))
		return place, keep, err
	case strings.HasPrefix(place, "https://"):
		return place, keep, reach(place + "/index/db.json")
	}
	dir, err := os.MkdirTemp("", "vulndb")
	if err != nil {
		return "", keep, err
	}
	cleanUp = func() { _ = os.RemoveAll(dir) }
	if err := unpack(place, dir); err != nil {
		cleanUp()
		return "", keep, err
	}
	return "file://" + dir, cleanUp, nil
}

func reach(url string) error {
	client := http.Client{Timeout: 20 * time.Second}
	response, err := client.Head(url)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// unpack writes the files of a .tar.zst archive into dir.
func unpack(archive, dir string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	stream, err := zstd.NewReader(file)
	if err != nil {
		return err
	}
	defer stream.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for entries := tar.NewReader(stream); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", archive, err)
		}
		if header.Typeflag == tar.TypeReg {
			if err := writeFile(root, header.Name, entries); err != nil {
				return fmt.Errorf("unpack %s: %w", archive, err)
			}
		}
	}
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := root.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil { //nolint:gosec // The archive is this repository's.
		_ = file.Close()
		return err
	}
	return file.Close()
}
