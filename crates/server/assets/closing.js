// The pop-up's last page. The page behind it learns the outcome from the server.
window.close();
