// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

const (
	repository = "github.com/tracecoreai/tracecore/"
	dcgmModule = repository + "receiver/dcgmreceiver "
)

// showVariants makes the components command say in which variant this build has the
// components of this repository. The rest of its output stays as it is.
func showVariants(cmd *cobra.Command) {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		plain, err := outputOf(cmd, run, args)
		if err != nil {
			return err
		}
		shown, err := withVariants(plain)
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(shown)
		return err
	}
}

// outputOf returns what run writes to standard output when it runs as cmd.
func outputOf(cmd *cobra.Command, run func(*cobra.Command, []string) error, args []string) ([]byte, error) {
	var out bytes.Buffer
	quiet := &cobra.Command{Use: cmd.Use}
	quiet.SetOut(&out)
	quiet.SetErr(io.Discard)
	quiet.SetContext(cmd.Context())
	err := run(quiet, args)
	return out.Bytes(), err
}

// withVariants adds the key "variant" to every component of this repository.
func withVariants(components []byte) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(components, &document); err != nil {
		return nil, fmt.Errorf("read the list of components: %w", err)
	}
	addVariants(&document)
	return yaml.Marshal(&document)
}

func addVariants(node *yaml.Node) {
	for _, child := range node.Content {
		addVariants(child)
	}
	if node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if module := node.Content[i+1].Value; node.Content[i].Value == "module" && strings.HasPrefix(module, repository) {
			variant := []*yaml.Node{{Kind: yaml.ScalarNode, Value: "variant"}, {Kind: yaml.ScalarNode, Value: variantOf(module)}}
			node.Content = append(node.Content[:i+2:i+2], append(variant, node.Content[i+2:]...)...)
			return
		}
	}
}

// variantOf returns cgo or stub for the one component that comes in two variants.
func variantOf(module string) string {
	if strings.HasPrefix(module, dcgmModule) {
		return dcgmVariant
	}
	return "go"
}
