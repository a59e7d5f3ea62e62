// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
)

//go:embed Dockerfile.tmpl
var dockerfileText string

var dockerfile = template.Must(template.New("Dockerfile").Funcs(template.FuncMap{
	"join": strings.Join,
	"json": jsonList,
}).Parse(dockerfileText))

func jsonList(items []string) string { return fmt.Sprintf(`["%s"]`, strings.Join(items, `", "`)) }

// renderDockerfile gives the same image as build.image, from the same table, to those who
// build with a container engine.
func renderDockerfile(f flavour) ([]byte, error) {
	config := build{}.config(f)
	var labels []string
	for label, value := range config.Labels {
		switch label {
		case "org.opencontainers.image.created", "org.opencontainers.image.revision", "org.opencontainers.image.version":
			value = "${" + strings.ToUpper(label[strings.LastIndex(label, ".")+1:]) + "}"
		default:
		}
		labels = append(labels, fmt.Sprintf("%s=%q", label, value))
	}
	slices.Sort(labels)
	var sonames []string
	for _, lib := range libraries {
		sonames = append(sonames, lib.soname)
	}
	var out bytes.Buffer
	err := dockerfile.Execute(&out, map[string]any{
		"Name": f.name, "Dynamic": f.dynamic, "Config": f.config, "ConfigPath": configPath, "BundlePath": bundlePath,
		"BinaryPath": f.binaryPath(), "ContribPath": contribPath, "ExporterPath": exporterPath, "Packages": f.packages(), "Libraries": sonames, "Arches": arches,
		"Passwd": strings.Split(strings.TrimSpace(passwd), "\n"), "User": config.User, "Ports": f.ports,
		"Labels": labels, "Env": config.Env, "Entrypoint": config.Entrypoint, "Cmd": config.Cmd,
	})
	return out.Bytes(), err
}

func dockerfilePath(root string, f flavour) string {
	return filepath.Join(root, "distribution", strings.TrimSuffix(f.name, "-static"), dockerfileName(f))
}

func dockerfileName(f flavour) string {
	if strings.HasSuffix(f.name, "-static") {
		return "Dockerfile.static"
	}
	return "Dockerfile"
}

func writeDockerfiles(root string) error {
	for _, f := range flavours {
		content, err := renderDockerfile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(dockerfilePath(root, f), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
