// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/confmap"
	"go.yaml.in/yaml/v3"
)

// URI is what names a source of configuration.
type URI struct {
	// URI is what the Collector is given.
	URI string
	// Label is what the source is called. It differs from the URI where that holds content.
	Label string
	// OneLine says that lines of the source mean nothing to anybody.
	OneLine bool
}

// source is what a URI gave, before anything in it was expanded.
type source struct {
	URI

	conf  *confmap.Conf // nil if there is none
	tree  map[string]any
	spots map[string]spot // by path; empty if the content is not known
	order []path          // of sections and components, as written
	err   error
}

// spot is where a leaf is written, and how.
type spot struct {
	at   path
	line int
	text string
}

// retrieve asks every source once. A source that fails holds its error.
func retrieve(ctx context.Context, set confmap.ResolverSettings, uris []URI) (sources []source, err error) {
	providers := map[string]confmap.Provider{}
	for _, factory := range set.ProviderFactories {
		provider := factory.Create(set.ProviderSettings)
		providers[provider.Scheme()] = provider
	}
	for _, uri := range uris {
		s := source{URI: uri}
		s.err = s.retrieve(ctx, providers)
		sources = append(sources, s)
	}
	for _, provider := range providers {
		err = errors.Join(err, provider.Shutdown(ctx))
	}
	return sources, err
}

func (s *source) retrieve(ctx context.Context, providers map[string]confmap.Provider) error {
	uri := withScheme(s.URI.URI)
	scheme, _, _ := strings.Cut(uri, ":")
	provider, ok := providers[scheme]
	if !ok {
		return fmt.Errorf("scheme %q is not supported", scheme)
	}
	retrieved, err := provider.Retrieve(ctx, uri, nil)
	if err != nil {
		return err
	}
	defer func() { _ = retrieved.Close(ctx) }() // Nobody watches it.
	if s.conf, err = retrieved.AsConf(); err != nil {
		return err
	}
	s.tree = s.conf.ToStringMap()
	if content, err := retrieved.AsString(); err == nil {
		s.locate(content)
	}
	return nil
}

// convert follows the converters. A source that they refuse stays as it is written.
func (s *source) convert(ctx context.Context, converters converters) {
	if s.conf == nil || len(converters) == 0 {
		return
	}
	conf := confmap.NewFromStringMap(s.tree)
	if converters.convert(ctx, conf) != nil {
		return
	}
	s.tree = conf.ToStringMap()
	spots := make(map[string]spot, len(s.spots))
	for _, spot := range s.spots {
		spots[converters.follow(ctx, spot.at).String()] = spot
	}
	s.spots = spots
	for i, at := range s.order {
		s.order[i] = converters.follow(ctx, at)
	}
}

// withScheme makes a URI of what may be a path, as confmap does: Windows' drive letters are
// no schemes.
func withScheme(uri string) string {
	if !strings.Contains(uri, ":") || len(uri) > 1 && uri[1] == ':' {
		return "file:" + uri
	}
	return uri
}

// locate notes lines and texts of the leaves in YAML that the provider could read.
func (s *source) locate(content string) {
	var document yaml.Node
	if yaml.Unmarshal([]byte(content), &document) != nil || len(document.Content) == 0 {
		return
	}
	s.spots = map[string]spot{}
	s.locateNode(document.Content[0], nil)
}

func (s *source) locateNode(node *yaml.Node, at path) {
	if len(at) > 0 && len(at) <= 2 {
		s.order = append(s.order, at)
	}
	s.spots[at.String()] = spot{at: at, line: node.Line, text: node.Value}
	switch node.Kind {
	case yaml.AliasNode:
		s.locateNode(node.Alias, at)
	case yaml.SequenceNode:
		for i, elem := range node.Content {
			s.locateNode(elem, at.child(element(i)))
		}
	case yaml.MappingNode:
		s.locateMapping(node, at)
	case yaml.DocumentNode, yaml.ScalarNode:
	}
}

// locateMapping goes through merged mappings first, as the keys beside them win.
func (s *source) locateMapping(node *yaml.Node, at path) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Tag == "!!merge" {
			s.locateMerged(node.Content[i+1], at)
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Tag == "!!merge" {
			continue
		}
		child := at.child(strings.Split(key.Value, confmap.KeyDelimiter)...)
		s.locateNode(value, child)
		if value.Kind != yaml.ScalarNode {
			// A mapping starts below its key; the key is where people look.
			s.spots[child.String()] = spot{at: child, line: key.Line}
		}
	}
}

func (s *source) locateMerged(node *yaml.Node, at path) {
	switch node.Kind {
	case yaml.AliasNode:
		s.locateMerged(node.Alias, at)
	case yaml.SequenceNode: // of mappings; the first one wins
		for _, merged := range slices.Backward(node.Content) {
			s.locateMerged(merged, at)
		}
	case yaml.MappingNode:
		s.locateMapping(node, at)
	case yaml.DocumentNode, yaml.ScalarNode:
	}
}
