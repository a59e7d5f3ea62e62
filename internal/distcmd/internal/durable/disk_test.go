// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"
)

var errKilled = errors.New("killed")

// disk is a storage extension whose transactions are kept while its process lives.
type disk struct {
	component.StartFunc
	component.ShutdownFunc

	mu    sync.Mutex
	data  map[string]string
	lives int // transactions until the process is killed
}

func (d *disk) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return d, nil
}

func (d *disk) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := d.Batch(ctx, op)
	return op.Value, err
}

func (d *disk) Set(ctx context.Context, key string, value []byte) error {
	return d.Batch(ctx, storage.SetOperation(key, value))
}

func (d *disk) Delete(ctx context.Context, key string) error {
	return d.Batch(ctx, storage.DeleteOperation(key))
}

func (d *disk) Batch(_ context.Context, ops ...*storage.Operation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lives == 0 {
		return errKilled
	}
	d.lives--
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = nil
			if value, ok := d.data[op.Key]; ok {
				op.Value = []byte(value)
			}
		case storage.Set:
			d.data[op.Key] = string(op.Value)
		case storage.Delete:
			delete(d.data, op.Key)
		}
	}
	return nil
}

func (*disk) Close(context.Context) error { return nil }

// kill ends the process that writes to the disk, and returns what the disk holds.
func (d *disk) kill() map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lives = 0
	return maps.Clone(d.data)
}

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

// fileStorageOn is what the wrapped factory of file_storage makes of a disk.
func fileStorageOn(t *testing.T, d *disk) component.Component {
	t.Helper()
	factory := extension.NewFactory(fileStorage, func() component.Config { return nil },
		func(context.Context, extension.Settings, component.Config) (extension.Extension, error) {
			return d, nil
		},
		component.StabilityLevelBeta)
	factories, err := Wrap(func() (otelcol.Factories, error) {
		return otelcol.Factories{Extensions: map[component.Type]extension.Factory{fileStorage: factory}}, nil
	})()
	require.NoError(t, err)
	created, err := factories.Extensions[fileStorage].Create(t.Context(), extensiontest.NewNopSettings(fileStorage), nil)
	require.NoError(t, err)
	return created
}

// startQueue starts an exporter of logs with upstream's persistent queue on that disk.
func startQueue(t *testing.T, d *disk, push func(string) error) exporter.Logs {
	t.Helper()
	id := component.NewID(fileStorage)
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID = &id
	e, err := exporterhelper.NewLogs(t.Context(), exportertest.NewNopSettings(component.MustNewType("test")), &struct{}{},
		func(_ context.Context, logs plog.Logs) error {
			return push(logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
		}, exporterhelper.WithQueue(configoptional.Some(queue)))
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host{id: fileStorageOn(t, d)}))
	return e
}

func logsOf(body string) plog.Logs {
	logs := plog.NewLogs()
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(body)
	return logs
}
