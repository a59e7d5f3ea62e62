// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/xconfmap"
)

// unsafeSetting is a setting that a component takes and does not obey, so that it protects nothing.
type unsafeSetting struct {
	kind, component string
	path            []string
	why             string
}

var unsafeSettings = []unsafeSetting{{
	"receivers", "github",
	[]string{"webhook", "required_headers"},
	`githubreceiver 0.150.0 does not check the headers (GO-2026-5690): use "webhook::secret", or a proxy that checks them`,
}}

// refuseUnsafe refuses configurations that rely on such settings.
func refuseUnsafe(factories []confmap.ConverterFactory) []confmap.ConverterFactory {
	return append(slices.Clone(factories), confmap.NewConverterFactory(func(confmap.ConverterSettings) confmap.Converter {
		return refusal{}
	}))
}

type refusal struct{}

// Convert implements [confmap.Converter].
func (refusal) Convert(_ context.Context, conf *confmap.Conf) error {
	config := xconfmap.ToStringMapRaw(conf)
	var errs []error
	for _, setting := range unsafeSettings {
		section, _ := config[setting.kind].(map[string]any)
		for _, id := range slices.Sorted(maps.Keys(section)) {
			if setting.in(id, section[id]) {
				errs = append(errs, fmt.Errorf("%s::%s: %q: must not be set: %s", setting.kind, id, strings.Join(setting.path, "::"), setting.why))
			}
		}
	}
	return errors.Join(errs...)
}

// in reports whether a component of this name and configuration has the setting.
func (s unsafeSetting) in(id string, config any) bool {
	var parsed component.ID
	if parsed.UnmarshalText([]byte(id)) != nil || parsed.Type().String() != s.component {
		return false
	}
	config = at(config, s.path...)
	settings, isSection := config.(map[string]any)
	return config != nil && (!isSection || len(settings) > 0)
}
