// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	_ "embed" // for the changes that older modules lack
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/otelcol"
)

// olderModules lists the changes from the version of a module that is carried to 0.152.0: kind,
// module, that version, the release of the change, its class, keys that it names, and its text.
//
//go:embed older-modules.tsv
var olderModules string

var (
	// unreadableComponent is how upstream begins the error about the settings of a component.
	unreadableComponent = regexp.MustCompile(`'(\w+)s' error reading configuration for "([^"/]+)`)
	// unknownKeys is what it says of keys that the component does not have.
	unknownKeys = regexp.MustCompile(`has invalid keys: ([\w:., -]+)`)
	// olderModule is a module of contrib with its version.
	olderModule = regexp.MustCompile(`opentelemetry-collector-contrib/(\S+) v(0\.\d+\.\d+)$`)
)

// nameOlderModules makes cmd say of a key that is not known that the module is older than 0.152.0,
// which may know the key.
func nameOlderModules(cmd *cobra.Command, factories func() (otelcol.Factories, error)) {
	if cmd.RunE == nil {
		return
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		if err == nil || !unknownKeys.MatchString(err.Error()) {
			return err
		}
		built, failed := factories()
		if failed != nil {
			return err
		}
		return rewritten{error: err, text: rewriteUnknownKeys(err.Error(), modulesOf(built))}
	}
}

// modulesOf returns the modules of all components by kind and type.
func modulesOf(f otelcol.Factories) map[string]map[component.Type]string {
	return map[string]map[component.Type]string{
		"receiver": f.ReceiverModules, "processor": f.ProcessorModules, "exporter": f.ExporterModules,
		"connector": f.ConnectorModules, "extension": f.ExtensionModules,
	}
}

func rewriteUnknownKeys(text string, modules map[string]map[component.Type]string) string {
	starts := unreadableComponent.FindAllStringSubmatchIndex(text, -1)
	for i, start := range slices.Backward(starts) {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		kind, typ := text[start[2]:start[3]], text[start[4]:start[5]]
		rewritten := adviseOnKeys(text[start[0]:end], kind, moduleOf(modules[kind], typ))
		text = text[:start[0]] + rewritten + text[end:]
		// What follows has been rewritten, so the remaining starts are still right.
	}
	return text
}

func moduleOf(modules map[component.Type]string, typ string) string {
	for t, module := range modules {
		if t.String() == typ {
			return module
		}
	}
	return ""
}

// adviseOnKeys adds to the error about one component what is known of its unknown keys.
func adviseOnKeys(text, kind, module string) string {
	m := olderModule.FindStringSubmatch(module)
	if m == nil || m[2] >= line { // one line of releases, so they compare as text
		return text
	}
	return unknownKeys.ReplaceAllStringFunc(text, func(match string) string {
		keys := unknownKeys.FindStringSubmatch(match)[1]
		return fmt.Sprintf("%s (%s; see %s)", match, adviceOnKeys(kind, path.Base(m[1]), m[2], keys), compatibility)
	})
}

func adviceOnKeys(kind, module, version, keys string) string {
	for key := range strings.SplitSeq(keys, ", ") {
		for _, r := range rows(olderModules) {
			if r[0] == kind && r[1] == module && slices.Contains(strings.Fields(r[5]), key) {
				return fmt.Sprintf("%q came to the %s in %s, and this build has it at %s", key, module, r[3], version)
			}
		}
	}
	return fmt.Sprintf("this build has the %s at %s, which lacks what it got until %s", module, version, line)
}
