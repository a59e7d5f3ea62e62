// SPDX-License-Identifier: Apache-2.0

// Command images builds container images without a container engine or a registry, as
// archives in the OCI image layout: <name>_<version>_image.tar, with a bill of materials
// beside it. Equal inputs give equal archives. With -dockerfiles it writes the Dockerfiles
// that build the same.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

func main() {
	log.SetFlags(0)
	root := flag.String("root", ".", "the repository")
	version := flag.String("version", "", "release of upstream, the images' tag")
	out := flag.String("out", "", "directory of the archives (default dist in the repository)")
	dockerfiles := flag.Bool("dockerfiles", false, "write Dockerfiles instead of images")
	flag.Parse()
	if *out == "" {
		*out = filepath.Join(*root, "dist")
	}
	write := func() error { return buildAll(*root, *out, *version, flag.Args()) }
	if *dockerfiles {
		write = func() error { return writeDockerfiles(*root) }
	}
	if err := write(); err != nil {
		log.Fatalf("images: %v", err)
	}
}

func buildAll(root, out, version string, names []string) error {
	if version == "" || len(names) == 0 {
		return errors.New("-version and the names of images must be given")
	}
	if err := needTools(); err != nil {
		return err
	}
	b, err := describe(root, version)
	if err != nil {
		return err
	}
	for _, name := range names {
		f, err := findFlavour(name)
		if err != nil {
			return err
		}
		if err := b.write(root, out, f); err != nil {
			return fmt.Errorf("build %s: %w", name, err)
		}
	}
	return nil
}

// describe takes revision and time from the last commit. A source archive has none:
// SOURCE_DATE_EPOCH gives the time there.
func describe(root, version string) (build, error) {
	b := build{version: version, revision: "unknown"}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if out, err := exec.Command("git", "-C", root, "log", "-1", "--format=%H %ct").Output(); err == nil {
		revision, committed, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		b.revision = revision
		if epoch == "" {
			epoch = committed
		}
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return b, fmt.Errorf("SOURCE_DATE_EPOCH: must be seconds since 1970 where there is no git repository: %w", err)
	}
	b.created = time.Unix(seconds, 0).UTC()
	return b, nil
}

func (b build) write(root, out string, f flavour) error {
	work, err := os.MkdirTemp("", "images-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) //nolint:errcheck // What is left is in the directory for such things.
	index, packages, err := b.index(root, f, work)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	artefact := filepath.Join(out, f.name+"_"+b.version+"_image")
	if err := b.writeArchive(index, filepath.Join(work, "layout"), artefact+".tar"); err != nil {
		return err
	}
	image := component{Ref: f.name, Type: "container", Name: f.name, Version: b.version}
	if err := writeBill(artefact+".cdx.json", filepath.Join(root, "bin", f.name+".cdx.json"), image, packages); err != nil {
		return err
	}
	log.Printf("%s.tar\n%s.cdx.json", artefact, artefact)
	return nil
}

// writeArchive lays the images out in a directory, and archives that.
func (b build) writeArchive(index v1.ImageIndex, dir, archive string) error {
	oci, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	name := map[string]string{"org.opencontainers.image.ref.name": b.version}
	if err := oci.AppendIndex(index, layout.WithAnnotations(name)); err != nil {
		return err
	}
	return b.pack(dir, archive)
}

// pack archives a directory so that equal directories are equal archives.
func (b build) pack(dir, archive string) error {
	files := tree{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		return files.addFile("/"+filepath.ToSlash(name), file, 0o644)
	})
	if err != nil {
		return err
	}
	return writeFile(archive, func(w io.Writer) error { return files.writeTar(w, b.created) })
}

func writeFile(name string, write func(io.Writer) error) (err error) {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	return write(file)
}
