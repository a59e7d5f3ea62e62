// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/stretchr/testify/require"
)

// These tests take the archives that `make images` wrote into the folder IMAGES_DIR. IMAGES
// names them; without it there is nothing to test.

var update = flag.Bool("update", false, "rewrite the golden lists")

const version = "IMAGES_VERSION"

func archivePath(f flavour) string { return artefact(f) + ".tar" }

func artefact(f flavour) string {
	return filepath.Join(os.Getenv("IMAGES_DIR"), f.name+"_"+os.Getenv(version)+"_image")
}

// eachImage runs a test for every image that was built.
func eachImage(t *testing.T, test func(t *testing.T, f flavour, image v1.Image)) {
	t.Helper()
	if os.Getenv("IMAGES") == "" {
		t.Skip("IMAGES names no images")
	}
	for name := range strings.FieldsSeq(os.Getenv("IMAGES")) {
		t.Run(name, func(t *testing.T) {
			f, err := findFlavour(name)
			require.NoError(t, err)
			test(t, f, readArchive(t, archivePath(f)))
		})
	}
}

// readArchive returns the image for amd64 in an archive.
func readArchive(t *testing.T, archive string) v1.Image {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("tar", "-xf", archive, "-C", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	index, err := layout.ImageIndexFromPath(dir)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	require.Equal(t, os.Getenv(version), manifest.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	index, err = index.ImageIndex(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	manifest, err = index.IndexManifest()
	require.NoError(t, err)
	require.Equal(t, "linux/amd64", manifest.Manifests[0].Platform.String())
	image, err := index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	return image
}

// eachFile calls visit for every entry of every layer.
func eachFile(t *testing.T, image v1.Image, visit func(header *tar.Header, content io.Reader)) {
	t.Helper()
	layers, err := image.Layers()
	require.NoError(t, err)
	for _, layer := range layers {
		content, err := layer.Uncompressed()
		require.NoError(t, err)
		reader := tar.NewReader(content)
		for {
			header, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			visit(header, reader)
		}
		require.NoError(t, content.Close())
	}
}

func TestImageHasTheFilesOfItsGoldenList(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		var list strings.Builder
		seen := map[string]bool{}
		eachFile(t, image, func(header *tar.Header, _ io.Reader) {
			line := fmt.Sprintf("%04o %d:%d /%s", header.Mode, header.Uid, header.Gid, header.Name)
			if header.Linkname != "" {
				line += " -> " + header.Linkname
			}
			if !seen[line] { // Both layers have /etc.
				list.WriteString(line + "\n")
			}
			seen[line] = true
		})
		got := list.String()
		if *update {
			require.NoError(t, os.WriteFile(goldenPath(f), []byte(got), 0o600))
		}
		require.Equal(t, golden(t, f), got)
	})
}

func TestImageIsConfiguredAsContribs(t *testing.T) {
	wantPorts := map[string]map[string]struct{}{
		"otelcol-tracecore":        {"4317/tcp": {}, "4318/tcp": {}, "55679/tcp": {}},
		"otelcol-tracecore-static": {"4317/tcp": {}, "4318/tcp": {}, "55679/tcp": {}},
		"otelcol-tracecore-node":   {"9464/tcp": {}, "13134/tcp": {}},
	}
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		file, err := image.ConfigFile()
		require.NoError(t, err)
		require.Equal(t, "linux/amd64", file.OS+"/"+file.Architecture)
		require.Equal(t, "10001:10001", file.Config.User)
		require.Equal(t, []string{"/otelcol-contrib"}, file.Config.Entrypoint)
		require.Equal(t, []string{"--config", "/etc/otelcol-contrib/config.yaml"}, file.Config.Cmd)
		require.Equal(t, wantPorts[f.name], file.Config.ExposedPorts)

		labels := file.Config.Labels
		const prefix = "org.opencontainers.image."
		require.Equal(t, f.name, labels[prefix+"name"])
		require.Equal(t, os.Getenv(version), labels[prefix+"version"])
		require.Equal(t, "https://github.com/tracecoreai/tracecore", labels[prefix+"source"])
		require.Equal(t, "Apache-2.0", labels[prefix+"licenses"])
		require.Regexp(t, `^[0-9a-f]{40}$`, labels[prefix+"revision"])
		created, err := time.Parse(time.RFC3339, labels[prefix+"created"])
		require.NoError(t, err)
		require.Equal(t, file.Created.Time, created)
		require.NotEmpty(t, labels[prefix+"description"])
		require.Len(t, labels, 7)
	})
}

func TestBillNamesTheDebianPackagesInTheImage(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, image v1.Image) {
		t.Helper()
		content, err := os.ReadFile(artefact(f) + ".cdx.json")
		require.NoError(t, err)
		var bill struct {
			Metadata   struct{ Component component }
			Components []component
		}
		require.NoError(t, json.Unmarshal(content, &bill))
		require.Equal(t, component{Ref: f.name, Type: "container", Name: f.name, Version: os.Getenv(version)}, bill.Metadata.Component)
		modules, debian := 0, map[string]string{}
		for _, c := range bill.Components {
			if strings.HasPrefix(c.PURL, "pkg:golang/") {
				modules++
			} else {
				debian[c.Name] = c.Version
			}
		}
		require.Greater(t, modules, 100)
		require.Len(t, debian, len(f.packages()))
		require.Contains(t, debian, "ca-certificates")
		eachFile(t, image, func(header *tar.Header, content io.Reader) {
			if header.Typeflag != tar.TypeReg || path.Dir(header.Name) != "var/lib/dpkg/status.d" {
				return
			}
			status, err := io.ReadAll(content)
			require.NoError(t, err)
			require.Contains(t, string(status), "\nVersion: "+debian[path.Base(header.Name)]+"\n")
		})
	})
}

func TestAnotherReaderOfImagesAgrees(t *testing.T) {
	eachImage(t, func(t *testing.T, f flavour, _ v1.Image) {
		t.Helper()
		out, err := exec.Command("skopeo", "inspect", "--config", "oci-archive:"+archivePath(f)+":"+os.Getenv(version)).CombinedOutput()
		require.NoError(t, err, string(out))
		require.Contains(t, string(out), `"User": "10001:10001"`)
	})
}
