// SPDX-License-Identifier: Apache-2.0

package forwardalias

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// place is where settings are: the kind and type of their component, and the keys that lead there.
type place struct {
	kind, component string
	keys            []string
}

func (p place) below(key string) place {
	p.keys = append(slices.Clone(p.keys), key)
	return p
}

func (p place) String() string { return strings.Join(p.keys, "::") }

// respelling replaces the later spellings of settings in one configuration.
type respelling struct {
	found []string
	errs  []error
}

func (r *respelling) sections(config map[string]any) {
	for _, kind := range []string{receivers, processors, exporters, connectors, extensions} {
		edit(config, kind, func(section map[string]any) { r.components(section, kind, place{keys: []string{kind}}) })
	}
}

func (r *respelling) components(section map[string]any, kind string, at place) {
	for _, id := range slices.Sorted(maps.Keys(section)) {
		here := at.below(id)
		here.kind, here.component = kind, typeOf(id)
		r.entry(section, id, here)
	}
}

// entry respells the value at a key. Without a later spelling it stays as it is.
func (r *respelling) entry(in map[string]any, key string, at place) {
	if value, changed := r.value(in[key], at); changed {
		in[key] = value
	}
}

func (r *respelling) value(value any, at place) (respelled any, changed bool) {
	before := len(r.found)
	switch v := unwrap(value).(type) {
	case map[string]any:
		v = maps.Clone(v)
		r.mapping(v, at)
		return v, len(r.found) > before
	case []any:
		v = slices.Clone(v)
		for i := range v {
			v[i], _ = r.value(v[i], at.below(strconv.Itoa(i)))
		}
		return v, len(r.found) > before
	}
	return value, false
}

func (r *respelling) mapping(in map[string]any, at place) {
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if key == receivers && at.kind == receivers && at.component == creating {
			edit(in, key, func(templates map[string]any) { r.components(templates, receivers, at.below(key)) })
			continue
		}
		r.entry(in, key, at.below(key))
	}
	for _, s := range spellings {
		if value, is := in[s.later]; is && s.applies(at) {
			r.replace(in, s, value, at)
		}
	}
}

// replace puts the present settings in the place of a later one, if there are some.
func (r *respelling) replace(in map[string]any, s spelling, value any, at place) {
	present := s.read(value, at)
	if present == nil {
		return
	}
	keys := slices.Sorted(maps.Keys(present))
	for _, key := range keys {
		if _, both := in[key]; both && key != s.later {
			r.errs = append(r.errs, fmt.Errorf("%q: must hold one of %q and %q, which are one setting by its later and its present name", at, s.later, key))
			return
		}
	}
	delete(in, s.later)
	maps.Copy(in, present)
	r.found = append(r.found, s.warning(keys, at))
}

func (s spelling) warning(keys []string, at place) string {
	if len(keys) == 0 {
		return fmt.Sprintf("%s: %q is a later spelling of the defaults, which are read in its place", at, s.later)
	}
	verb := "is"
	if len(keys) > 1 {
		verb = "are"
	}
	return fmt.Sprintf(`%s: %q is a later spelling of "%s", which %s read in its place`, at, s.later, strings.Join(keys, `", "`), verb)
}
