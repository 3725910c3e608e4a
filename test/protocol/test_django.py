"""Django: migrate its own applications, inspectdb, the ORM and the admin's queries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from harness.target import ConnInfo

pytestmark = pytest.mark.checklist(21)

SETTINGS = """
SECRET_KEY = "test"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions",
                  "django.contrib.admin", "django.contrib.messages", "shop"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {{"context_processors": ["django.template.context_processors.request",
                          "django.contrib.auth.context_processors.auth",
                          "django.contrib.messages.context_processors.messages"]}}}}]
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["*"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "HOST": "{host}", "PORT": {port},
             "USER": "{user}", "PASSWORD": "{password}", "NAME": "{database}",
             "OPTIONS": {{"options": "-c search_path={schema}"}}}}}}
"""
URLS = """
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
"""
MODELS = """
import uuid
from django.db import models


class Shelf(models.Model):
    name = models.CharField(max_length=30, unique=True)


class Item(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, related_name="items")
    code = models.UUIDField(default=uuid.uuid4)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    data = models.JSONField(default=dict)
    made = models.DateTimeField(auto_now_add=True)
    labels = models.ManyToManyField("Label")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(price__gte=0), name="price_ok")]
        indexes = [models.Index(fields=["shelf", "-price"])]


class Label(models.Model):
    text = models.SlugField()
"""
ADMIN = """
from django.contrib import admin
from shop.models import Item, Shelf


@admin.register(Item)
class ItemAdmin(admin.ModelAdmin):
    list_display = ["code", "shelf", "price"]
    list_filter = ["shelf"]
    search_fields = ["shelf__name"]
    date_hierarchy = "made"


admin.site.register(Shelf)
"""
SESSION = """
import decimal, django
django.setup()
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Avg, Count, F, Q, Sum, Window
from django.db.models.functions import Lower, RowNumber, TruncDay
from django.test import Client
from shop.models import Item, Label, Shelf

shelves = Shelf.objects.bulk_create([Shelf(name=f"s{n}") for n in range(5)])
Item.objects.bulk_create([Item(shelf=shelves[n % 5], price=decimal.Decimal(n), data={"n": n, "t": ["a"]})
                          for n in range(100)])
assert Item.objects.count() == 100
assert Item.objects.filter(Q(price__gt=90) | Q(shelf__name="s0")).distinct().count() == 28
totals = dict(Shelf.objects.annotate(t=Sum("items__price")).values_list("name", "t"))
assert totals["s0"] == 950, totals
assert Item.objects.aggregate(a=Avg("price"))["a"] == decimal.Decimal("49.5")
assert Item.objects.filter(data__n=7).count() == 1
assert Item.objects.filter(data__t__contains=["a"]).count() == 100
assert Item.objects.annotate(day=TruncDay("made")).values("day").annotate(c=Count("id")).count() == 1
rows = Item.objects.annotate(r=Window(RowNumber(), partition_by=[F("shelf")], order_by=F("price").desc()))
assert sum(1 for row in rows if row.r == 1) == 5
label = Label.objects.create(text="red")
Item.objects.first().labels.add(label)
assert Item.objects.filter(labels__text="red").exists()
Item.objects.filter(price__lt=10).update(price=F("price") + 1000)
item, created = Item.objects.update_or_create(price=50, defaults={"data": {"x": None}})
assert not created
try:
    with transaction.atomic():
        Item.objects.create(shelf=shelves[0], price=-1)
except IntegrityError as error:
    assert "price_ok" in str(error)
else:
    raise AssertionError("no constraint error")
with transaction.atomic():
    locked = Item.objects.select_for_update(skip_locked=True).order_by("id").first()
    assert locked.pk
assert sum(1 for _ in Item.objects.iterator(chunk_size=10)) == 100
Shelf.objects.filter(name="s1").delete()
assert Item.objects.count() == 80
User.objects.create_superuser("root", "a@b.c", "pw")
client = Client()
assert client.login(username="root", password="pw")
for page in ("/admin/", "/admin/shop/item/", "/admin/shop/item/?q=s2", f"/admin/shop/item/{Item.objects.first().pk}/change/"):
    answer = client.get(page)
    assert answer.status_code == 200, (page, answer.status_code)
print("done")
"""


@pytest.fixture
def project(info: ConnInfo, schema: str, tmp_path: Path) -> Path:
    values = {"host": info.host, "port": info.port, "user": info.user, "password": info.password,
              "database": info.database, "schema": schema}
    (tmp_path / "settings.py").write_text(SETTINGS.format(**values))
    (tmp_path / "urls.py").write_text(URLS)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "models.py").write_text(MODELS)
    (tmp_path / "shop" / "admin.py").write_text(ADMIN)
    (tmp_path / "session.py").write_text(SESSION)
    return tmp_path


def run(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_migrate_orm_admin_and_inspectdb(project: Path) -> None:
    run(project, "-m", "django", "makemigrations", "shop")
    assert "OK" in run(project, "-m", "django", "migrate")
    assert "No migrations to apply" in run(project, "-m", "django", "migrate")
    assert "No changes detected" in run(project, "-m", "django", "makemigrations", "--check")
    assert run(project, "session.py") == "done\n"
    models = run(project, "-m", "django", "inspectdb", "shop_item", "shop_shelf")
    assert "class ShopItem(models.Model):" in models
    assert "price = models.DecimalField(max_digits=8, decimal_places=2)" in models
    assert "shelf = models.ForeignKey('ShopShelf', models.DO_NOTHING)" in models
    assert "code = models.UUIDField()" in models
    assert "data = models.JSONField()" in models
    run(project, "-m", "django", "migrate", "shop", "zero")
