// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"slices"

	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/zap"
)

// converters change a configuration before it is read, such as the names of components in it.
// What they do is followed, so that a setting is found where it is written.
type converters []confmap.Converter

func newConverters(set confmap.ResolverSettings) converters {
	var created converters
	for _, factory := range set.ConverterFactories {
		// What they have to say is logged when the configuration is validated.
		created = append(created, factory.Create(confmap.ConverterSettings{Logger: zap.NewNop()}))
	}
	return created
}

func (c converters) convert(ctx context.Context, conf *confmap.Conf) error {
	for _, converter := range c {
		if err := converter.Convert(ctx, conf); err != nil {
			return err
		}
	}
	return nil
}

// follow returns where a key ends up that is written at p, if it is moved at all.
func (c converters) follow(ctx context.Context, p path) path {
	keys := p
	if i := slices.IndexFunc(p, isElement); i >= 0 {
		keys = p[:i]
	}
	if len(c) == 0 || len(keys) == 0 {
		return p
	}
	conf := confmap.NewFromStringMap(nested(keys))
	if c.convert(ctx, conf) != nil {
		return p
	}
	var ends []path
	walk(conf.ToStringMap(), nil, func(end path, _ any) { ends = append(ends, end) })
	if len(ends) != 1 || len(ends[0]) != len(keys) {
		return p
	}
	return ends[0].child(p[len(keys):]...)
}

// nested returns a tree that holds nothing but a null at p.
func nested(p path) map[string]any {
	var tree any
	for _, key := range slices.Backward(p) {
		tree = map[string]any{key: tree}
	}
	return tree.(map[string]any)
}
