# The functions' zip. Its name has the hash of its content, so that another content is another deployment.
resource "google_storage_bucket" "packages" {
  #checkov:skip=CKV_GCP_62:who reads packages is in the audit logs of the project
  project                     = var.project
  name                        = "${var.project}-tron-packages"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      num_newer_versions = 5
    }
  }
}

resource "google_storage_bucket_object" "package" {
  name   = "functions-${filesha256(var.package)}.zip"
  bucket = google_storage_bucket.packages.name
  source = var.package
}
