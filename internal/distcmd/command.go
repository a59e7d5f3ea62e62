// SPDX-License-Identifier: Apache-2.0

// Package distcmd is the command line of the distributions: upstream's, which also shows
// the revision and names the configuration file that is at fault.
package distcmd

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tracecoreai/tracecore/internal/buildinfo"
)

// NewCommand returns [otelcol.NewCommand] with the additions this package is for.
func NewCommand(set otelcol.CollectorSettings) *cobra.Command {
	root := otelcol.NewCommand(set)
	root.Version = fmt.Sprintf("%s (revision %s, %s)", set.BuildInfo.Version, buildinfo.Revision(), runtime.Version())
	for _, cmd := range append(root.Commands(), root) {
		blameConfigFile(cmd)
	}
	return root
}
