"""What happened, who is told of it, and each telling."""

from feed.models.delivery import Delivery
from feed.models.endpoint import Endpoint
from feed.models.event import Event, FeedHead, Kind

__all__ = ["Delivery", "Endpoint", "Event", "FeedHead", "Kind"]
