// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"regexp"

	"github.com/spf13/cobra"
)

// unknownDependency is upstream's error for an extension, such as an authenticator, that
// another one is configured to use and that the service does not have.
var unknownDependency = regexp.MustCompile(`unable to find extension (\S+) on which extension (\S+) depends`)

// nameMissingDependencies makes cmd name the key under which the extension is missing.
func nameMissingDependencies(cmd *cobra.Command) {
	if cmd.RunE == nil {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err == nil || !unknownDependency.MatchString(err.Error()) {
			return err
		}
		return rewritten{error: err, text: unknownDependency.ReplaceAllString(err.Error(), `"service::extensions": must contain "$1", which the extension "$2" uses`)}
	}
}
