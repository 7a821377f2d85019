# An Autopilot cluster for workloads that should not be Cloud Run jobs: private nodes behind the registered address.
resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12:Autopilot enforces network policies by Dataplane V2
  #checkov:skip=CKV_GCP_13:Autopilot issues no client certificates
  #checkov:skip=CKV_GCP_18:the public endpoint is closed; the control plane is reached by its name and IAM
  #checkov:skip=CKV_GCP_20:no authorized networks, because no address of the control plane is reached at all
  #checkov:skip=CKV_GCP_23:Autopilot uses alias IP ranges
  #checkov:skip=CKV_GCP_61:flow logs are those of the subnetwork
  #checkov:skip=CKV_GCP_65:a group for RBAC needs a Workspace; one person has none
  #checkov:skip=CKV_GCP_66:binary authorization needs attestors; images are named by digest
  #checkov:skip=CKV_GCP_69:Autopilot has the metadata server of GKE
  #checkov:skip=CKV_GCP_70:the release channel is set
  #checkov:skip=CKV_GCP_71:Autopilot has Shielded nodes
  project             = var.project
  name                = var.name
  location            = var.region
  enable_autopilot    = true
  network             = var.network
  subnetwork          = var.subnetwork
  min_master_version  = var.minimum_version
  deletion_protection = var.keep

  release_channel {
    channel = var.release_channel
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
    master_ipv4_cidr_block  = var.control_plane_range
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = true
    }
  }

  # Its sync to Kubernetes Secrets is switched on by gcloud (docs/operations.md): this provider does not know it yet.
  secret_manager_config {
    enabled = true
  }

  maintenance_policy {
    recurring_window {
      start_time = "2026-01-03T18:30:00Z" # Sunday 00:00 to 12:00 in India, when nothing is traded
      end_time   = "2026-01-04T06:30:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SA"
    }
  }

  resource_labels = {
    application = "tron"
  }
}

# Workload Identity: a Kubernetes service account of the namespace acts as itself, without any key.
locals {
  namespace = "principal://iam.googleapis.com/projects/${var.project_number}/locations/global/workloadIdentityPools/${var.project}.svc.id.goog/subject/ns/${var.namespace}/sa"
}
