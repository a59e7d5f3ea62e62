// SPDX-License-Identifier: Apache-2.0

// Package distcmd is the command line of the distributions: upstream's, which also shows
// what was built, explains configurations, names what is wrong with them, names
// the host to them, and runs Collectors that lose nothing of their queues when they start.
package distcmd

import (
	"os"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/otelcol"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/durable"
	"github.com/tracecoreai/tracecore/internal/distcmd/internal/peerlimits"
)

// NewCommand returns [otelcol.NewCommand] with the additions this package is for.
func NewCommand(set otelcol.CollectorSettings) *cobra.Command {
	set.Factories = peerlimits.Wrap(durable.Wrap(set.Factories))
	memory := &memory{answers: map[string]answer{}}
	resolver := &set.ConfigProviderSettings.ResolverSettings
	resolver.ConverterFactories = refuseUnsafe(resolver.ConverterFactories)
	resolver.ConverterFactories = refuseMisfits(resolver.ConverterFactories, set.Factories)
	resolver.ProviderFactories = memory.wrap(nameHost(resolver.ProviderFactories))
	warned := &converterLog{}
	resolver.ConverterFactories = warned.wrap(resolver.ConverterFactories)
	root := otelcol.NewCommand(set)
	root.Version = versionText(set.BuildInfo.Version)
	for _, cmd := range append(root.Commands(), root) {
		blameConfigFile(cmd)
		nameMissingTypes(cmd, set.BuildInfo.Command)
		nameOlderModules(cmd, set.Factories)
		nameMissingDependencies(cmd)
	}
	hideSecrets(root, newConfiguration(root, set, memory, warned))
	showVariants(subcommand(root, "components"))
	validate := subcommand(root, "validate")
	config := newConfiguration(validate, set, memory, warned)
	addExplain(validate, config)
	root.AddCommand(newSupportBundleCommand(root, config), newMigrateRulesCommand(), newDCGMExporterCommand(root, validate))
	runAsDCGMExporter(root, os.Args)
	return root
}

// hideSecrets keeps the secrets of the configuration out of the error that a Collector ends with.
func hideSecrets(cmd *cobra.Command, config *configuration) {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := config.run(cmd, args)
		if err == nil {
			return nil
		}
		config.memory.start()
		return config.hide(cmd, err)
	}
}

// subcommand returns a command that upstream's is known to have, as a test proves.
func subcommand(root *cobra.Command, name string) *cobra.Command {
	for _, cmd := range root.Commands() {
		if cmd.Name() == name {
			return cmd
		}
	}
	panic("otelcol.NewCommand has no " + name)
}
