// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBillOfAnImageAddsDebianPackagesToTheBinarys(t *testing.T) {
	dir := t.TempDir()
	of, to := filepath.Join(dir, "binary.json"), filepath.Join(dir, "image.json")
	library := debianComponent([]byte("Package: libstdc++6\nVersion: 1:12.2~1+deb12u1\nArchitecture: amd64\nDescription: x\n Version: none\n"))
	image := component{Ref: "i", Type: "container", Name: "i", Version: "1"}
	require.ErrorContains(t, writeBill(to, of, image, nil), "make sbom writes it")

	require.NoError(t, os.WriteFile(of, []byte(`{"metadata": {"component": {"bom-ref": "b"}, "tools": []}, "components": [{"name": "m"}], "dependencies": [{"ref": "b"}]}`), 0o600))
	require.NoError(t, writeBill(to, of, image, []component{library}))
	content, err := os.ReadFile(to)
	require.NoError(t, err)
	const purl = "pkg:deb/debian/libstdc%2B%2B6@1%3A12.2~1%2Bdeb12u1?arch=amd64\\u0026distro=debian-12"
	require.JSONEq(t, `{
		"metadata": {"component": {"bom-ref": "i", "type": "container", "name": "i", "version": "1"}, "tools": []},
		"components": [
			{"name": "m"},
			{"bom-ref": "b"},
			{"bom-ref": "`+purl+`", "type": "library", "name": "libstdc++6", "version": "1:12.2~1+deb12u1", "purl": "`+purl+`"}
		],
		"dependencies": [{"ref": "b"}, {"ref": "i", "dependsOn": ["b", "`+purl+`"]}]
	}`, string(content))

	require.NoError(t, os.WriteFile(of, []byte(`{}`), 0o600))
	require.ErrorContains(t, writeBill(to, of, image, nil), "it names no component")
}
