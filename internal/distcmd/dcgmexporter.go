// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/exporterflags"
)

// dcgmExporter is the command, and the name of a link to the binary that runs it.
const dcgmExporter = "dcgm-exporter"

func newDCGMExporterCommand(root, validate *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:                   dcgmExporter + " [flags of dcgm-exporter]",
		DisableFlagsInUseLine: true,
		Short:                 "Runs in dcgm-exporter's place, with its flags and environment variables",
		Long: "Translates the flags and environment variables of dcgm-exporter to a configuration and runs it: dcgm-exporter's series on its port. --print-config prints the " +
			"configuration instead. A flag that has no counterpart is refused with what to do instead. A link to this binary that is called dcgm-exporter runs this command.",
		DisableFlagParsing: true, // dcgm-exporter's flags have one dash or two.
		RunE: func(cmd *cobra.Command, args []string) error {
			return runDCGMExporter(cmd, root, validate, args)
		},
	}
}

func runDCGMExporter(cmd, root, validate *cobra.Command, args []string) error {
	translation, err := exporterflags.Translate(args, os.LookupEnv)
	switch {
	case errors.Is(err, exporterflags.ErrHelp):
		return printExporterFlags(cmd)
	case err != nil:
		return err
	case translation.Version:
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s version %s\n", root.Name(), root.Version)
		return err
	case translation.Print:
		if err := runOn(validate, cmd, &translation); err != nil {
			return err
		}
		_, err := fmt.Fprint(cmd.OutOrStdout(), translation.YAML)
		return err
	}
	if os.Getenv("HOST_NAME") == "" && translation.Hostname != "" {
		if err := os.Setenv("HOST_NAME", translation.Hostname); err != nil {
			return fmt.Errorf("name the host: %w", err)
		}
	}
	return runOn(root, cmd, &translation)
}

// runOn runs another command on the translated configuration.
func runOn(other, cmd *cobra.Command, translation *exporterflags.Translation) error {
	if err := other.Flags().Set("config", "yaml:"+translation.YAML); err != nil {
		return fmt.Errorf("use the translated configuration: %w", err)
	}
	other.SetContext(cmd.Context())
	return other.RunE(other, nil)
}

// printExporterFlags prints the help of the command and dcgm-exporter's flags.
func printExporterFlags(cmd *cobra.Command) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\nUsage:\n  %s\n\nFlags:\n", cmd.Long, cmd.UseLine())
	for _, f := range exporterflags.Flags {
		becomes := f.Becomes
		if f.Instead != "" {
			becomes = "not supported: " + f.Refused()
		}
		fmt.Fprintf(&out, "  %-44s %s\n", f.Usage(), strings.ReplaceAll(becomes, "`", ""))
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), out.String())
	return err
}

// runAsDCGMExporter has a link called dcgm-exporter run the command of that name.
func runAsDCGMExporter(root *cobra.Command, args []string) {
	if len(args) == 0 || strings.TrimSuffix(filepath.Base(args[0]), ".exe") != dcgmExporter {
		return
	}
	flags := args[1:]
	if len(flags) > 0 && flags[0] == dcgmExporter { // As an image's entry point, with the arguments for another one.
		flags = flags[1:]
	}
	root.SetArgs(append([]string{dcgmExporter}, flags...))
}
