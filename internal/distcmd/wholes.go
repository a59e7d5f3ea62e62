// SPDX-License-Identifier: Apache-2.0

package distcmd

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
)

// wholeValidator is a component's configuration that says what of it does not fit the Collector's. Such a component says the same when it
// starts, so the rule is the component's own.
type wholeValidator interface {
	ValidateWhole(whole *confmap.Conf) error
}

// checkExtensions reports extensions of the service that do not fit the rest of the configuration. What is wrong with an extension by
// itself, its own validation says.
func (m misfits) checkExtensions(conf *confmap.Conf) error {
	built, err := m.factories()
	if err != nil {
		return nil //nolint:nilerr // The command says it.
	}
	names, _ := conf.Get("service::extensions").([]any)
	var errs []error
	for _, name := range names {
		var id component.ID
		if id.UnmarshalText([]byte(fmt.Sprint(name))) != nil || built.Extensions[id.Type()] == nil {
			continue
		}
		key, section := extensionOf(conf, id)
		validator, is := built.Extensions[id.Type()].CreateDefaultConfig().(wholeValidator)
		if !is || section.Unmarshal(validator) != nil {
			continue
		}
		for _, fault := range apart(validator.ValidateWhole(conf)) {
			errs = append(errs, fmt.Errorf("extensions::%s: %w", key, fault))
		}
	}
	return errors.Join(errs...)
}

// extensionOf returns the section of an extension, and its id as it is written there.
func extensionOf(conf *confmap.Conf, id component.ID) (string, *confmap.Conf) {
	sections, _ := conf.Get("extensions").(map[string]any)
	for key, value := range sections {
		var other component.ID
		if other.UnmarshalText([]byte(key)) == nil && other == id {
			section, _ := value.(map[string]any)
			return key, confmap.NewFromStringMap(section)
		}
	}
	return id.String(), confmap.New()
}

// apart returns the errors that are joined in one.
func apart(err error) []error {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
