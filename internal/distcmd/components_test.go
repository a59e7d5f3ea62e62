// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
)

// moduleSettings are settings whose nop receiver is said to come from module.
func moduleSettings(module string) otelcol.CollectorSettings {
	set := nopSettings()
	factories := set.Factories
	set.Factories = func() (otelcol.Factories, error) {
		f, err := factories()
		f.ReceiverModules = map[component.Type]string{component.MustNewType("nop"): module}
		return f, err
	}
	return set
}

func TestComponentsShowTheVariantOfOurs(t *testing.T) {
	for _, tt := range []struct{ module, want string }{
		{repository + "receiver/dcgmreceiver v0.1.0", dcgmVariant},
		{repository + "receiver/clockreceiver v0.1.0", "go"},
		{"go.opentelemetry.io/collector/receiver/nopreceiver v0.151.0", ""},
	} {
		set := moduleSettings(tt.module)
		plain, err := run(otelcol.NewCommand(set), "components")
		require.NoError(t, err)
		ours, err := run(NewCommand(set), "components")
		require.NoError(t, err)
		if tt.want == "" {
			require.Equal(t, plain, ours)
			continue
		}
		variant := "      variant: " + tt.want + "\n"
		require.Contains(t, ours, tt.module+"\n"+variant)
		require.Equal(t, plain, strings.Replace(ours, variant, "", 1), "nothing else changes")
	}
}

func TestVariantFollowsTheReceiversBuildConstraint(t *testing.T) {
	constraint := func(path string) string {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		return regexp.MustCompile(`(?m)^//go:build .*$`).FindString(string(content))
	}
	const door = "../../receiver/dcgmreceiver/internal/dcgm/"
	require.NotEmpty(t, constraint("variant_cgo.go"))
	require.Equal(t, constraint(door+"session_cgo.go"), constraint("variant_cgo.go"))
	require.Equal(t, constraint(door+"session_none.go"), constraint("variant_none.go"))
}
