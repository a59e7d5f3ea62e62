// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// checkBinary fails where the binary would not start in this flavour's image.
func checkBinary(file string, f flavour, a arch) error {
	binary, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("%w; build it first", err)
	}
	defer binary.Close() //nolint:errcheck // It is only read.
	machine := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[binary.Machine]
	if machine != a.Name {
		return fmt.Errorf("%s: is for %v, not for %s", file, binary.Machine, a.Name)
	}
	if dynamic := binary.Section(".interp") != nil; dynamic != f.dynamic {
		return fmt.Errorf("%s: image %s takes a binary with dynamic linking = %v", file, f.name, f.dynamic)
	}
	return nil
}

// image puts base and binary into two layers: the base stays when the binary changes.
func (b build) image(f flavour, a arch, files tree, binary, config string) (v1.Image, error) {
	own := tree{contribPath: {target: f.name}, exporterPath: {target: f.name}}
	if err := own.addFile(f.binaryPath(), binary, 0o755); err != nil {
		return nil, err
	}
	if err := own.addFile(configPath, config, 0o644); err != nil {
		return nil, err
	}
	img := mutate.MediaType(mutate.ConfigMediaType(empty.Image, types.OCIConfigJSON), types.OCIManifestSchema1)
	for _, content := range []tree{files, own} {
		layer, err := b.layer(content)
		if err != nil {
			return nil, err
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			return nil, err
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", a.Name
	file.Created = v1.Time{Time: b.created}
	file.Config = b.config(f)
	for i := range file.History {
		file.History[i].Created = v1.Time{Time: b.created}
	}
	return mutate.ConfigFile(img, file)
}

func (b build) layer(content tree) (v1.Layer, error) {
	var archive bytes.Buffer
	if err := content.writeTar(&archive, b.created); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// binaries returns the binaries that there are of a flavour: bin/<name>, and
// bin/<name>-<arch> for other processors than the first.
func binaries(root string, f flavour) map[string]string {
	found := map[string]string{arches[0].Name: filepath.Join(root, "bin", f.name)}
	for _, a := range arches[1:] {
		file := filepath.Join(root, "bin", f.name+"-"+a.Name)
		if _, err := os.Stat(file); err == nil {
			found[a.Name] = file
		}
	}
	return found
}

// index holds one image for each processor there is a binary for. With it come the Debian
// packages that they have files of.
func (b build) index(root string, f flavour, work string) (v1.ImageIndex, []component, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	var used []component
	for _, a := range arches {
		binary, ok := binaries(root, f)[a.Name]
		if !ok {
			continue
		}
		if err := checkBinary(binary, f, a); err != nil {
			return nil, nil, err
		}
		files, packages, err := base(f, a, work)
		if err != nil {
			return nil, nil, err
		}
		for _, pkg := range packages {
			if !slices.Contains(used, pkg) { // Those without processor are in every image.
				used = append(used, pkg)
			}
		}
		img, err := b.image(f, a, files, binary, filepath.Join(root, f.config))
		if err != nil {
			return nil, nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: a.Name}},
		})
	}
	return index, used, nil
}
