# The Google services that Tron stands on; a service that others use too is left on when Tron goes.
resource "google_project_service" "this" {
  for_each           = var.services
  project            = var.project
  service            = each.value
  disable_on_destroy = false
}
