// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is the content of a layer, by absolute path. Everything belongs to root.
type tree map[string]entry

// entry is a file, or a link if target is set.
type entry struct {
	mode    int64
	content []byte
	target  string
}

// addFile adds a file of this machine.
func (t tree) addFile(at, from string, mode int64) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	t[at] = entry{mode: mode, content: content}
	return nil
}

// writeTar writes the tree and the directories above its entries in one order and with one
// time, so that equal trees are equal archives.
func (t tree) writeTar(w io.Writer, modified time.Time) error {
	archive := tar.NewWriter(w)
	for _, header := range t.headers() {
		header.ModTime = modified
		header.Format = tar.FormatUSTAR
		if err := archive.WriteHeader(&header); err != nil {
			return fmt.Errorf("archive %s: %w", header.Name, err)
		}
		if _, err := io.Copy(archive, bytes.NewReader(t["/"+header.Name].content)); err != nil {
			return fmt.Errorf("archive %s: %w", header.Name, err)
		}
	}
	return archive.Close()
}

func (t tree) headers() []tar.Header {
	byName := map[string]tar.Header{}
	for at, e := range t {
		for dir := path.Dir(at); dir != "/"; dir = path.Dir(dir) {
			name := strings.TrimPrefix(dir, "/") + "/"
			byName[name] = tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: 0o755}
		}
		byName[at[1:]] = e.header(at[1:])
	}
	headers := make([]tar.Header, 0, len(byName))
	for _, header := range byName {
		headers = append(headers, header)
	}
	slices.SortFunc(headers, func(a, b tar.Header) int { return strings.Compare(a.Name, b.Name) })
	return headers
}

func (e entry) header(name string) tar.Header {
	if e.target != "" {
		return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: e.target, Mode: 0o777}
	}
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: e.mode, Size: int64(len(e.content))}
}
