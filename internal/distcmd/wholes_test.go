// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.uber.org/zap"
)

// lookout is the configuration of an extension that needs receivers.
type lookout struct {
	Receivers []string `mapstructure:"receivers"`
}

func (l *lookout) ValidateWhole(whole *confmap.Conf) error {
	var errs []error
	for i, name := range l.Receivers {
		if !whole.IsSet("receivers::" + name) {
			errs = append(errs, fmt.Errorf(`"receivers::%d": must be one of the receivers, got %q`, i, name))
		}
	}
	return errors.Join(errs...)
}

func lookoutFactory() extension.Factory {
	return extension.NewFactory(component.MustNewType("lookout"), func() component.Config { return &lookout{} },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return nil, errors.New("unused")
		},
		component.StabilityLevelDevelopment)
}

func TestExtensionsOfTheServiceFitTheWhole(t *testing.T) {
	f := func(extensions, started, want string) {
		t.Helper()
		retrieved, err := confmap.NewRetrievedFromYAML([]byte("receivers: {a: , b: {x: 1}}\nextensions: {" + extensions + "}\nservice: {extensions: [" + started + "]}"))
		require.NoError(t, err)
		conf, err := retrieved.AsConf()
		require.NoError(t, err)
		err = misfits{func() (otelcol.Factories, error) {
			return otelcol.Factories{Extensions: map[component.Type]extension.Factory{lookoutFactory().Type(): lookoutFactory()}}, nil
		}, zap.NewNop()}.Convert(t.Context(), conf)
		if want == "" {
			require.NoError(t, err)
			return
		}
		require.EqualError(t, err, want)
	}
	f("lookout: {receivers: [a, b]}", "lookout", "")
	f("lookout: {receivers: [a, c]}", "lookout", `extensions::lookout: "receivers::1": must be one of the receivers, got "c"`)
	f("lookout / 2: {receivers: [d, c]}, lookout: ", "lookout, lookout/2", `extensions::lookout / 2: "receivers::0": must be one of the receivers, got "d"
extensions::lookout / 2: "receivers::1": must be one of the receivers, got "c"`)
	f("lookout: {receivers: [c]}", "other, /, 1", "") // It is not started.
	f("lookout: {receivers: {a: b}}", "lookout", "")  // The Collector says that it is no list.
	f("other: ", "lookout, other", "")
}
