// The link with the token becomes the address without it; the run that the link names stays.
location.replace(`./${location.hash}`);
