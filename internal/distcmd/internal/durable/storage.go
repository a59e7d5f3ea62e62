// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

type storageFactory struct {
	extension.Factory
	alias
}

// Create implements [extension.Factory].
func (f storageFactory) Create(ctx context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	created, err := f.Factory.Create(ctx, set, cfg)
	if err != nil {
		return nil, err
	}
	if clients, ok := created.(storage.Extension); ok {
		return requeuingStorage{Extension: clients, logger: set.Logger}, nil
	}
	return created, nil
}

type requeuingStorage struct {
	storage.Extension

	logger *zap.Logger
}

// GetClient implements [storage.Extension]. An exporter has a queue for each signal, and names its
// client after it. A queue that cannot be dealt with is left to upstream, with its gap.
func (s requeuingStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := s.Extension.GetClient(ctx, kind, id, name)
	if err != nil || kind != component.KindExporter {
		return client, err
	}
	moved, err := requeue(ctx, client)
	switch {
	case err != nil:
		s.logger.Warn("Items that were under way are left to the queue to put back", zap.Stringer("exporter", id), zap.String("signal", name), zap.Error(err))
	case moved > 0:
		s.logger.Info("Put items that were under way back into the queue", zap.Stringer("exporter", id), zap.String("signal", name), zap.Int("items", moved))
	}
	return client, nil
}
