using MlSystem.ServiceDefaults;
using MlSystem.ServiceDefaults.Hosting;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("training");

var app = builder.Build();
app.UseServiceDefaults();

return await app.RunServiceAsync();
