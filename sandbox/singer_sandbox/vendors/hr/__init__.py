"""HR systems: one company, shown in the ways of four vendors."""

from singer_sandbox.vendors.hr.bamboohr import BambooHR
from singer_sandbox.vendors.hr.custom import CustomHR
from singer_sandbox.vendors.hr.successfactors import SuccessFactors
from singer_sandbox.vendors.hr.workday import Workday

__all__ = ["BambooHR", "CustomHR", "SuccessFactors", "Workday"]
