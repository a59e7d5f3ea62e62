// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tracecoreai/tracecore/internal/distcmd/internal/explain"
	"github.com/tracecoreai/tracecore/internal/distcmd/internal/support"
)

// supportBundle is the command that packs what remote support needs.
type supportBundle struct {
	config     *configuration
	components func(*cobra.Command, []string) error

	output, health, metrics string
	timeout                 time.Duration
}

func newSupportBundleCommand(root *cobra.Command, config *configuration) *cobra.Command {
	b := &supportBundle{config: config, components: subcommand(root, "components").RunE}
	cmd := &cobra.Command{
		Use:   "support-bundle",
		Short: "Writes what helps to find a fault into one file, without secrets",
		Long: "Writes a tar.gz with the configuration and where it comes from, the components and versions of this build, what a running " +
			"Collector answers on its health and metrics endpoints, what NVIDIA's tools say, and the dump of a dcgm receiver. Secrets are redacted. No Collector has to run: " +
			"manifest.json in the bundle lists what is unavailable, and why.",
		Args: cobra.ExactArgs(0),
		RunE: b.run,
	}
	for _, shared := range []string{"config", "set", "feature-gates"} {
		cmd.Flags().AddFlag(subcommand(root, "validate").Flags().Lookup(shared))
	}
	cmd.Flags().StringVar(&b.output, "output", "", "File to write, - for standard output (default "+root.Name()+"-support-<time>.tar.gz)")
	cmd.Flags().StringVar(&b.health, "health-endpoint", "", "Where the health_slo extension listens (default: as configured, or localhost:13134)")
	cmd.Flags().StringVar(&b.metrics, "metrics-endpoint", "", "Where the Collector's own metrics are (default: as configured, or localhost:8888)")
	cmd.Flags().DurationVar(&b.timeout, "timeout", 10*time.Second, "How long to wait for answers")
	return cmd
}

func (b *supportBundle) run(cmd *cobra.Command, args []string) error {
	if b.timeout <= 0 {
		return fmt.Errorf(`"--timeout": must be positive, got %v`, b.timeout)
	}
	explanation, invalid := b.config.explain(cmd, args)
	if explanation == nil {
		return invalid
	}
	entries, err := b.live(explanation.Effective)
	if err != nil {
		return err
	}
	entries = append(b.known(cmd, explanation, invalid), entries...)

	now := time.Now().UTC().Truncate(time.Second)
	info := b.config.set.BuildInfo
	return b.write(cmd, info.Command+"-support-"+now.Format("20060102T150405Z"), support.Manifest{
		Created: now, Binary: info.Command, Version: versionText(info.Version),
		Entries: support.Collect(cmd.Context(), b.timeout, entries, explanation.Hide),
	})
}

// known are the entries that this process knows.
func (b *supportBundle) known(cmd *cobra.Command, explanation *explain.Explanation, invalid error) []support.Entry {
	validity := "valid\n"
	if invalid != nil {
		validity = invalid.Error() + "\n"
	}
	encoded, jsonErr := explanation.JSON()
	components, componentsErr := outputOf(cmd, b.components, nil)
	versions, versionsErr := json.MarshalIndent(versionsOf(b.config.set.BuildInfo), "", "  ")
	return []support.Entry{
		support.Content("config.yaml", "validate --explain", explanation.YAML(), nil),
		support.Content("config.json", "validate --explain --format json", encoded, jsonErr),
		support.Content("validate.txt", "validate", []byte(validity), invalid),
		support.Content("components.yaml", "components", components, componentsErr),
		support.Content("versions.json", "this binary", append(versions, '\n'), versionsErr),
	}
}

// live are the entries that others have to be asked for.
func (b *supportBundle) live(effective map[string]any) ([]support.Entry, error) {
	health, err := support.HealthEntries(effective, b.health)
	if err != nil {
		return nil, fmt.Errorf(`"--health-endpoint": %w`, err)
	}
	metrics, err := support.MetricsEntry(effective, b.metrics)
	if err != nil {
		return nil, fmt.Errorf(`"--metrics-endpoint": %w`, err)
	}
	return slices.Concat(health, []support.Entry{metrics}, support.ToolEntries(effective), support.DumpEntries(effective)), nil
}

// write writes the bundle, and lists on stderr what is missing in it.
func (b *supportBundle) write(cmd *cobra.Command, name string, manifest support.Manifest) error {
	path := b.output
	if path == "" {
		path = name + ".tar.gz"
	}
	if path == "-" {
		return support.Write(cmd.OutOrStdout(), name, manifest)
	}
	if err := support.WriteFile(path, name, manifest); err != nil {
		if errors.Is(err, os.ErrExist) {
			err = fmt.Errorf("must not exist: %w", err)
		}
		return fmt.Errorf(`"--output": %w`, err)
	}
	listMissing(cmd.ErrOrStderr(), manifest)
	_, err := fmt.Fprintln(cmd.OutOrStdout(), path)
	return err
}

func listMissing(w io.Writer, manifest support.Manifest) {
	for _, entry := range manifest.Entries {
		if !entry.OK {
			_, _ = fmt.Fprintf(w, "%s: %s\n", entry.Name, entry.Error) // Nothing is left to report it to.
		}
	}
}
