// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// chartValues are the keys of the upstream chart's values that the overlays use, as its
// values.yaml and values.schema.json document them. The chart rejects every other key.
type chartValues struct {
	Mode             string `json:"mode"`
	ReplicaCount     int    `json:"replicaCount"`
	FullnameOverride string `json:"fullnameOverride"`
	Image            struct {
		Repository string            `json:"repository"`
		Tag        string            `json:"tag"`
		PullPolicy corev1.PullPolicy `json:"pullPolicy"`
	} `json:"image"`
	Command struct {
		Name      string   `json:"name"`
		ExtraArgs []string `json:"extraArgs"`
	} `json:"command"`
	NodeSelector       map[string]string           `json:"nodeSelector"`
	Tolerations        []corev1.Toleration         `json:"tolerations"`
	PodSecurityContext *corev1.PodSecurityContext  `json:"podSecurityContext"`
	SecurityContext    *corev1.SecurityContext     `json:"securityContext"`
	Resources          corev1.ResourceRequirements `json:"resources"`
	ExtraEnvs          []corev1.EnvVar             `json:"extraEnvs"`
	InitContainers     []corev1.Container          `json:"initContainers"`
	ExtraVolumes       []corev1.Volume             `json:"extraVolumes"`
	ExtraVolumeMounts  []corev1.VolumeMount        `json:"extraVolumeMounts"`
	LivenessProbe      *corev1.Probe               `json:"livenessProbe"`
	ReadinessProbe     *corev1.Probe               `json:"readinessProbe"`
	Ports              map[string]struct {
		Enabled       bool            `json:"enabled"`
		ContainerPort int32           `json:"containerPort"`
		ServicePort   int32           `json:"servicePort"`
		HostPort      int32           `json:"hostPort"`
		Protocol      corev1.Protocol `json:"protocol"`
	} `json:"ports"`
	Config map[string]any `json:"config"`
}

// pod is what the chart makes of the values, as far as rights go.
func (v *chartValues) pod() corev1.PodSpec {
	return corev1.PodSpec{
		SecurityContext: v.PodSecurityContext,
		InitContainers:  v.InitContainers,
		Containers:      []corev1.Container{{Name: "otelcol", SecurityContext: v.SecurityContext, VolumeMounts: v.ExtraVolumeMounts}},
		Volumes:         v.ExtraVolumes,
	}
}

// collectorResource has the fields of opentelemetry.io/v1beta1 OpenTelemetryCollector that
// the example uses, as the operator's API documents them. The operator's Go module, which
// has the types, is not available everywhere.
type collectorResource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Mode                          string                      `json:"mode"`
		Image                         string                      `json:"image"`
		UpgradeStrategy               string                      `json:"upgradeStrategy"`
		TerminationGracePeriodSeconds *int64                      `json:"terminationGracePeriodSeconds"`
		NodeSelector                  map[string]string           `json:"nodeSelector"`
		Tolerations                   []corev1.Toleration         `json:"tolerations"`
		PodSecurityContext            *corev1.PodSecurityContext  `json:"podSecurityContext"`
		SecurityContext               *corev1.SecurityContext     `json:"securityContext"`
		Resources                     corev1.ResourceRequirements `json:"resources"`
		Env                           []corev1.EnvVar             `json:"env"`
		InitContainers                []corev1.Container          `json:"initContainers"`
		Volumes                       []corev1.Volume             `json:"volumes"`
		VolumeMounts                  []corev1.VolumeMount        `json:"volumeMounts"`
		Config                        map[string]any              `json:"config"`
	} `json:"spec"`
}

// pod is what the operator makes of the resource, as far as rights go.
func (r *collectorResource) pod() corev1.PodSpec {
	return corev1.PodSpec{
		SecurityContext: r.Spec.PodSecurityContext,
		InitContainers:  r.Spec.InitContainers,
		Containers:      []corev1.Container{{Name: "otc-container", SecurityContext: r.Spec.SecurityContext, VolumeMounts: r.Spec.VolumeMounts}},
		Volumes:         r.Spec.Volumes,
	}
}
