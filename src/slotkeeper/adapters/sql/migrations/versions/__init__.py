"""The revisions, each as it was when it was released."""
