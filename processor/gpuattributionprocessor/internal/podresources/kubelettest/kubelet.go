// SPDX-License-Identifier: Apache-2.0

// Package kubelettest is a kubelet for tests: its APIs on real sockets, by gRPC, with pods that a test gives it.
package kubelettest

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
	api "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// Kubelet serves the pod-resources and the pods API on one socket.
type Kubelet struct {
	api.UnimplementedPodResourcesListerServer

	Socket string

	mu          sync.Mutex
	list        []*api.PodResources
	allocatable []*api.ContainerDevices
	metadata    [][]byte
	fail        error
	failBeside  error
	hang        bool
	asked       int
	server      *grpc.Server
}

// New returns a kubelet that does not run yet.
func New(t *testing.T) *Kubelet {
	t.Helper()
	k := &Kubelet{Socket: filepath.Join(t.TempDir(), "kubelet.sock")}
	t.Cleanup(k.Stop)
	return k
}

// Run makes the socket and serves on it.
func (k *Kubelet) Run(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", k.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	api.RegisterPodResourcesListerServer(server, k)
	server.RegisterService(&podsAPI, k)
	k.mu.Lock()
	k.server = server
	k.mu.Unlock()
	go func() { _ = server.Serve(listener) }() // It ends with Stop.
}

// Stop ends serving and removes the socket.
func (k *Kubelet) Stop() {
	k.mu.Lock()
	server := k.server
	k.server = nil
	k.mu.Unlock()
	if server != nil {
		server.Stop()
	}
}

// Set puts pods in the place of those before.
func (k *Kubelet) Set(list ...*api.PodResources) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = list
}

// Offer says which devices the plugins offer.
func (k *Kubelet) Offer(resource string, ids ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.allocatable = append(k.allocatable, &api.ContainerDevices{ResourceName: resource, DeviceIds: ids})
}

// Fail makes every answer an error, until nil.
func (k *Kubelet) Fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fail = err
}

// FailBeside makes every answer an error, until nil, but that of List.
func (k *Kubelet) FailBeside(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failBeside = err
}

// Hang lets answers wait for the end of the call.
func (k *Kubelet) Hang(hang bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hang = hang
}

// Asked returns how often the list of pods was asked for.
func (k *Kubelet) Asked() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked
}

// Describe gives a pod a UID and labels, for the pods API.
func (k *Kubelet) Describe(namespace, name, uid string, labels map[string]string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.metadata = append(k.metadata, Pod(namespace, name, uid, labels))
}

// Finish gives a pod that has completed a phase, for the pods API.
func (k *Kubelet) Finish(namespace, name, phase string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	status := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), phase)
	pod := protowire.AppendTag(Pod(namespace, name, "", nil), 3, protowire.BytesType)
	k.metadata = append(k.metadata, protowire.AppendBytes(pod, status))
}

// Garble makes the pods API answer with bytes that are no pod.
func (k *Kubelet) Garble() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.metadata = [][]byte{{0xff, 0xff, 0xff}}
}

// List is the pod-resources API.
func (k *Kubelet) List(ctx context.Context, _ *api.ListPodResourcesRequest) (*api.ListPodResourcesResponse, error) {
	k.mu.Lock()
	k.asked++
	list, fail, hang := k.list, k.fail, k.hang
	k.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &api.ListPodResourcesResponse{PodResources: list}, fail
}

// GetAllocatableResources is the pod-resources API.
func (k *Kubelet) GetAllocatableResources(context.Context, *api.AllocatableResourcesRequest) (*api.AllocatableResourcesResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failBeside != nil {
		return nil, k.failBeside
	}
	if k.allocatable == nil {
		return nil, status.Error(codes.Unimplemented, "not here")
	}
	return &api.AllocatableResourcesResponse{Devices: k.allocatable}, nil
}

// podsAPI is the kubelet's pods API, of which k8s.io/kubelet has types from 0.37 on.
var podsAPI = grpc.ServiceDesc{ServiceName: "v1alpha1.Pods", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
	MethodName: "ListPods",
	Handler: func(server any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		if err := decode(&emptypb.Empty{}); err != nil {
			return nil, err
		}
		return server.(*Kubelet).pods()
	},
}}}

// pods is the answer of ListPods: a marshalled pod in each field 1.
func (k *Kubelet) pods() (*emptypb.Empty, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []byte
	for _, pod := range k.metadata {
		list = protowire.AppendBytes(protowire.AppendTag(list, 1, protowire.BytesType), pod)
	}
	answer := &emptypb.Empty{}
	answer.ProtoReflect().SetUnknown(list)
	return answer, k.failBeside
}

// Holding is a pod of one container that has devices.
func Holding(namespace, name, container, resource string, ids ...string) *api.PodResources {
	return &api.PodResources{Namespace: namespace, Name: name, Containers: []*api.ContainerResources{{
		Name: container, Devices: []*api.ContainerDevices{{ResourceName: resource, DeviceIds: ids}},
	}}}
}

// Claiming is a pod of one container that has a device through a claim.
func Claiming(namespace, name, claim, driver, pool, device string, cdi ...string) *api.PodResources {
	var devices []*api.CDIDevice
	for _, name := range cdi {
		devices = append(devices, &api.CDIDevice{Name: name})
	}
	return &api.PodResources{Namespace: namespace, Name: name, Containers: []*api.ContainerResources{{
		Name: "main", DynamicResources: []*api.DynamicResource{{
			ClaimName: claim, ClaimNamespace: namespace,
			ClaimResources: []*api.ClaimResource{{DriverName: driver, PoolName: pool, DeviceName: device, CdiDevices: devices}},
		}},
	}}}
}

// GPU is the UUID of a GPU.
func GPU(n int) string { return fmt.Sprintf("GPU-%08x-0000-4000-8000-%012x", n, n) }

// MIG is the UUID of a MIG device.
func MIG(n int) string { return fmt.Sprintf("MIG-%08x-0000-5000-8000-%012x", n, n) }

// Pod is a marshalled core/v1 Pod, with fields beside those that matter.
func Pod(namespace, name, uid string, labels map[string]string) []byte {
	var metadata []byte
	text := func(to []byte, field protowire.Number, value string) []byte {
		return protowire.AppendString(protowire.AppendTag(to, field, protowire.BytesType), value)
	}
	metadata = text(metadata, 1, name)
	metadata = text(metadata, 3, namespace)
	metadata = text(metadata, 5, uid)
	metadata = protowire.AppendVarint(protowire.AppendTag(metadata, 7, protowire.VarintType), 3)
	for key, value := range labels {
		entry := text(text(nil, 1, key), 2, value)
		metadata = protowire.AppendBytes(protowire.AppendTag(metadata, 11, protowire.BytesType), entry)
	}
	pod := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), metadata)
	return text(pod, 9, "spec that nobody reads")
}
