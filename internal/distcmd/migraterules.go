// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tracecoreai/tracecore/internal/dcgmnames"
	"github.com/tracecoreai/tracecore/internal/distcmd/internal/migrate"
)

// migrateRules is the command that rewrites rules and dashboards for other names of series.
type migrateRules struct {
	to, from string
	write    bool
}

func newMigrateRulesCommand() *cobra.Command {
	m := &migrateRules{}
	cmd := &cobra.Command{
		Use:   "migrate-rules FILE...",
		Short: "Rewrites PromQL on dcgm-exporter's series for its new names, or for the dcgm receiver's",
		Long: "Rewrites the expressions of Prometheus rule files, PrometheusRule objects and Grafana dashboards from the names of dcgm-exporter to those of its release 4.9, or to those that " +
			"the dcgm receiver's metrics have in Prometheus. Results keep their units. Expressions that change are printed; what could not be translated is listed on stderr and left " +
			"as it is, with exit code 1. No file is changed without --write. With - as FILE, standard input is rewritten to standard output.",
		Args: cobra.MinimumNArgs(1),
		RunE: m.run,
	}
	cmd.Flags().StringVar(&m.to, "to", string(migrate.Exporter49), "Whose names: 4.9 for dcgm-exporter's, otel for the dcgm receiver's")
	cmd.Flags().StringVar(&m.from, "from", "", "Which release of dcgm-exporter the files are for, 4.8 or 4.9: needed for names that mean different fields")
	cmd.Flags().BoolVar(&m.write, "write", false, "Write the files")
	return cmd
}

var (
	targets = map[string]migrate.Target{"4.9": migrate.Exporter49, "otel": migrate.OTel}
	origins = map[string]dcgmnames.Version{"": {}, "4.8": {Major: 4, Minor: 6}, "4.9": {Major: 4, Minor: 7}}
)

func (m *migrateRules) run(cmd *cobra.Command, files []string) error {
	target, known := targets[m.to]
	if !known {
		return fmt.Errorf(`"--to": must be 4.9 or otel, got %q`, m.to)
	}
	engine, known := origins[m.from]
	if !known {
		return fmt.Errorf(`"--from": must be 4.8 or 4.9, got %q`, m.from)
	}
	var texts [][]byte
	var errs []error
	for _, file := range files {
		text, err := readFile(cmd, file)
		texts, errs = append(texts, text), append(errs, err)
	}
	translator := migrate.Translator{Target: target, Engine: engine}.Learn(texts...)
	left := 0
	for i, file := range files {
		if errs[i] == nil {
			var n int
			n, errs[i] = m.file(cmd, translator, file, texts[i])
			left += n
		}
	}
	if left > 0 {
		errs = append(errs, fmt.Errorf("%d places were left as they are", left))
	}
	return errors.Join(errs...)
}

// file rewrites one file, and returns how many places of it were left.
func (m *migrateRules) file(cmd *cobra.Command, translator migrate.Translator, name string, text []byte) (left int, err error) {
	result, err := translator.File(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	for _, message := range result.Notes {
		cmd.PrintErrf("%s:%d: note: %s\n", name, message.Line, message.Text)
	}
	for _, message := range result.Errors {
		cmd.PrintErrf("%s:%d: %s\n", name, message.Line, message.Text)
	}
	if name == "-" {
		_, err := cmd.OutOrStdout().Write(result.Text)
		return len(result.Errors), err
	}
	for _, change := range result.Changes {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s:%d\n%s%s", name, change.Line, prefixed("- ", change.Old), prefixed("+ ", change.New))
		if err != nil {
			return len(result.Errors), fmt.Errorf("print changes: %w", err)
		}
	}
	if !m.write || len(result.Changes) == 0 {
		return len(result.Errors), nil
	}
	return len(result.Errors), replaceFile(name, result.Text)
}

func readFile(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		text, err := io.ReadAll(cmd.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return text, nil
	}
	return os.ReadFile(name) //nolint:wrapcheck // It names the file.
}

// prefixed puts a prefix before every line.
func prefixed(prefix, text string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix) + "\n"
}

// replaceFile replaces a file as a whole, so that no reader sees a part of it.
func replaceFile(name string, text []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	written, err := os.CreateTemp(filepath.Dir(name), ".migrate-rules-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = written.Write(text)
	err = errors.Join(err, written.Chmod(info.Mode().Perm()), written.Close())
	if err == nil {
		err = os.Rename(written.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(written.Name()))
	}
	return nil
}
