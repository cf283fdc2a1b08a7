"""What the administration begins with: for operators the installation, for administrators their organisation."""
