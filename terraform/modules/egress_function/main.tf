# A function whose calls leave from the registered address: the same code, served by the image on Cloud Run, because
# functions of the second generation reach a network only through machines that run, and cost, all day.
locals {
  service = replace(var.name, "_", "-")
}

resource "google_cloud_run_v2_service" "this" {
  project             = var.project
  location            = var.region
  name                = local.service
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false

  template {
    service_account                  = var.service_account
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = 8

    scaling {
      min_instance_count = 0
      max_instance_count = 2
    }

    vpc_access {
      egress = "ALL_TRAFFIC"
      network_interfaces {
        network    = var.network
        subnetwork = var.subnetwork
      }
    }

    containers {
      image = var.image
      args  = ["-m", "functions_framework", "--source", "functions/${var.name}.py", "--target", var.name]

      resources {
        limits = { cpu = "1", memory = var.memory }
      }

      dynamic "env" {
        for_each = var.environment
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = var.secrets
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value
              version = "latest"
            }
          }
        }
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers
  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = each.value
}
