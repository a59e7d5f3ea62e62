// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
)

// refuseMisfits refuses configurations whose components do not fit together, which no component can see by itself before it starts.
func refuseMisfits(converters []confmap.ConverterFactory, factories func() (otelcol.Factories, error)) []confmap.ConverterFactory {
	return append(slices.Clone(converters), confmap.NewConverterFactory(func(set confmap.ConverterSettings) confmap.Converter {
		return misfits{factories, cmp.Or(set.Logger, zap.NewNop())}
	}))
}

type misfits struct {
	factories func() (otelcol.Factories, error)
	logger    *zap.Logger
}

// Convert implements [confmap.Converter].
func (m misfits) Convert(_ context.Context, conf *confmap.Conf) error {
	config := conf.ToStringMap()
	flows := m.flowsOf(config)
	m.warnMerged(config, flows)
	return errors.Join(m.checkStorages(config), m.checkExtensions(conf), checkDumps(config), checkViews(flows))
}

// used is a component of a pipeline. What no pipeline has is never started, so nothing of it has to fit.
type used struct {
	kind, id string
	typ      string
	config   any
}

// usedOf returns the components of a kind that pipelines have, sorted by id.
func usedOf(config map[string]any, kind string) []used {
	pipelines, _ := at(config, "service", "pipelines").(map[string]any)
	names := map[string]bool{}
	for _, pipeline := range pipelines {
		list, _ := at(pipeline, kind).([]any)
		for _, name := range list {
			names[fmt.Sprint(name)] = true
		}
	}
	var all []used
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var id component.ID
		if id.UnmarshalText([]byte(name)) == nil {
			all = append(all, used{kind, name, id.Type().String(), at(config, kind, name)})
		}
	}
	return all
}

// errorf begins an error with the component and the key.
func (u used) errorf(path []string, format string, args ...any) error {
	return fmt.Errorf("%s::%s: %q: "+format, append([]any{u.kind, u.id, strings.Join(path, "::")}, args...)...)
}

// at returns what is at a path of sections, nil where there is nothing.
func at(value any, path ...string) any {
	for _, key := range path {
		section, _ := value.(map[string]any)
		value = section[key]
	}
	return value
}

// storageKeys are the settings that name a storage extension. Those of an empty type are of every component of the kind.
var storageKeys = []struct {
	kind, typ string
	path      []string
}{
	{"receivers", "dcgm", []string{"storage"}},
	{"receivers", "kernel_events", []string{"storage"}},
	{"exporters", "", []string{"sending_queue", "storage"}},
}

func (m misfits) checkStorages(config map[string]any) error {
	var errs []error
	for _, key := range storageKeys {
		for _, u := range usedOf(config, key.kind) {
			name, isText := at(u.config, key.path...).(string)
			if key.typ != "" && key.typ != u.typ || !isText || name == "" || isOff(u.config, key.path) {
				continue
			}
			if fault := m.storageFault(config, name); fault != "" {
				errs = append(errs, u.errorf(key.path, "extension %q %s", name, fault))
			}
		}
	}
	return errors.Join(errs...)
}

// isOff reports whether the section of a setting has "enabled: false".
func isOff(config any, path []string) bool {
	return at(config, append(slices.Clone(path[:len(path)-1]), "enabled")...) == false
}

// storageFault says why a name is not that of a storage extension which the service has, or nothing.
func (m misfits) storageFault(config map[string]any, name string) string {
	var id, other component.ID
	if id.UnmarshalText([]byte(name)) != nil {
		return "" // The component itself says what is wrong with it.
	}
	started, _ := at(config, "service", "extensions").([]any)
	switch {
	case !slices.ContainsFunc(started, func(text any) bool { return other.UnmarshalText([]byte(fmt.Sprint(text))) == nil && other == id }):
		return `is not among "service::extensions"`
	case m.isOther(id.Type()):
		return "is no storage extension"
	default:
		return ""
	}
}

// isOther reports whether extensions of a type are known to store nothing. The Collector's, contrib's and this repository's store if their
// folder says so. Of others only their start can tell.
func (m misfits) isOther(typ component.Type) bool {
	built, err := m.factories()
	module := built.ExtensionModules[typ]
	isKnown := func(origin string) bool { return strings.HasPrefix(module, origin) }
	return err == nil && slices.ContainsFunc([]string{"go.opentelemetry.io/collector/", "github.com/open-telemetry/", repository}, isKnown) &&
		!strings.Contains(module, "/extension/storage/")
}

var dumpPath = []string{"dump", "path"}

// checkDumps reports receivers that would write to the file of another one, or to that in which the other one keeps its last recording.
func checkDumps(config map[string]any) error {
	var errs []error
	writers := map[string]string{} // ids by file
	for _, u := range usedOf(config, "receivers") {
		path, _ := at(u.config, dumpPath...).(string)
		if u.typ != "dcgm" || path == "" {
			continue
		}
		current, last := filepath.Clean(path), filepath.Clean(path)+".1"
		if other := cmp.Or(writers[current], writers[last]); other != "" {
			errs = append(errs, u.errorf(dumpPath, "must not share a file with receivers::%s, each writes to its path and to that with .1 behind it: got %q", other, path))
		}
		writers[current], writers[last] = u.id, u.id
	}
	return errors.Join(errs...)
}
